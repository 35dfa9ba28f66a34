//! What can happen at a request.

use crate::course::Course;
use crate::dialect::Dialect;
use crate::server::Server;

/// What can happen to a list, or to a request, before it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A group is created at this index.
    Create(u8),
    /// The group at this index is deleted.
    Delete(u8),
    /// A group gets another subject. The walk sees no subjects, and no cursor becomes stale.
    Rename,
    /// Every cursor that was handed out becomes stale.
    Expire,
    /// Every cursor that was handed out is refused (2642), until a page gives it again.
    Forget,
    /// The request fails, and the caller resumes the walk.
    Fault,
    /// The request is answered by an empty page, once.
    Empty,
}

impl Event {
    /// Every event that can happen to `server`: groups are created at either end or in the middle.
    pub fn all(server: &Server) -> impl Iterator<Item = Self> + use<> {
        let len = server.groups.len();
        let places: &[u8] = match len {
            0 => &[0],
            1 => &[0, 1],
            _ => &[0, len / 2, len],
        };
        let mut created = [None; 3];
        for (place, event) in places.iter().zip(&mut created) {
            *event = Some(Self::Create(*place));
        }
        let changes = created.into_iter().flatten().chain((0..len).map(Self::Delete));
        changes.chain((len > 0).then_some(Self::Rename)).chain([Self::Expire, Self::Forget, Self::Fault, Self::Empty])
    }

    /// Does to the list what the event does. A fault and an empty answer do nothing to it, and a new subject nothing that a walk
    /// sees.
    pub fn apply(self, server: &mut Server, course: &mut Course, dialect: &Dialect) {
        match self {
            Self::Create(index) => {
                server.create(index, dialect);
                course.created += 1;
            }
            Self::Delete(index) => {
                server.delete(index, dialect);
                course.deleted += 1;
            }
            Self::Expire => {
                server.expire_cursors();
                course.expired = true;
            }
            Self::Forget => {
                server.forget_cursors();
                course.forgotten += 1;
            }
            Self::Rename | Self::Fault | Self::Empty => {}
        }
    }

    /// The order in which events of one request happen, so that no two schedules differ in nothing else.
    #[must_use]
    pub fn rank(self) -> u8 {
        match self {
            Self::Delete(index) => 1 + index,
            Self::Create(index) => 20 + index,
            Self::Expire => 40,
            Self::Rename => 41,
            Self::Forget => 42,
            Self::Fault => 43,
            Self::Empty => 44,
        }
    }
}
