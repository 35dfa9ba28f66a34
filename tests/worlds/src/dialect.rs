//! How a server answers: the settings of `gupshup_groups::testing::Dialect`, and every combination of them that makes
//! sense.

use std::fmt;

/// How a server answers. The fields are the settings of `gupshup_groups::testing::Dialect`, which documents them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own, and no two must agree")]
pub struct Dialect {
    pub next_links: bool,
    pub previous_links: bool,
    pub cursors_at_the_ends: bool,
    pub past_the_end: CursorAnswer,
    pub stale_cursor: CursorAnswer,
    pub cursors: CursorKind,
    pub expire_cursors_on_change: bool,
    /// 0, 1 or 2.
    pub empty_page_every: u8,
    pub clamp: Option<(u16, u16)>,
    pub links_at_the_clamp: bool,
    pub refuse_above: Option<u16>,
}

/// What a server answers to a cursor that leads to no group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CursorAnswer {
    EmptyPage,
    /// 2642.
    Invalid,
    /// 131059.
    Expired,
}

/// What a cursor points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CursorKind {
    Items,
    Offsets,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            next_links: true,
            previous_links: true,
            cursors_at_the_ends: true,
            past_the_end: CursorAnswer::EmptyPage,
            stale_cursor: CursorAnswer::Expired,
            cursors: CursorKind::Items,
            expire_cursors_on_change: false,
            empty_page_every: 0,
            clamp: None,
            links_at_the_clamp: true,
            refuse_above: None,
        }
    }
}

impl Dialect {
    /// Every combination of settings, less those that differ from another one in nothing that a request could show.
    #[must_use]
    pub fn all() -> Vec<Self> {
        use CursorAnswer::{EmptyPage, Expired, Invalid};

        let mut all = vec![Self::default()];
        vary(&mut all, [true, false], |dialect, sent| dialect.next_links = sent);
        vary(&mut all, [true, false], |dialect, sent| dialect.previous_links = sent);
        vary(&mut all, [true, false], |dialect, sent| dialect.cursors_at_the_ends = sent);
        vary(&mut all, [EmptyPage, Invalid], |dialect, answer| dialect.past_the_end = answer);
        vary(&mut all, [Expired, Invalid, EmptyPage], |dialect, answer| dialect.stale_cursor = answer);
        vary(&mut all, [CursorKind::Items, CursorKind::Offsets], |dialect, kind| dialect.cursors = kind);
        vary(&mut all, [false, true], |dialect, expire| dialect.expire_cursors_on_change = expire);
        vary(&mut all, [0, 1, 2], |dialect, every| dialect.empty_page_every = every);
        vary(&mut all, Sizes::ALL, |dialect, Sizes(clamp, links_at_the_clamp, refuse_above)| {
            (dialect.clamp, dialect.links_at_the_clamp, dialect.refuse_above) =
                (clamp, links_at_the_clamp, refuse_above);
        });
        all.retain(Self::makes_sense);
        all
    }

    /// Empty pages, and links left out at the clamp, need links.
    fn makes_sense(&self) -> bool {
        self.next_links || self.previous_links || (self.empty_page_every == 0 && self.links_at_the_clamp)
    }

    /// In how many settings it differs from the default.
    #[must_use]
    pub fn distance(&self) -> usize {
        self.differences().count()
    }

    /// The settings in which it differs from the default.
    fn differences(&self) -> impl Iterator<Item = String> + use<> {
        let default = Self::default();
        let settings = |dialect: &Self| {
            let sizes = (dialect.clamp, dialect.links_at_the_clamp, dialect.refuse_above);
            [
                format!("next_links {}", dialect.next_links),
                format!("previous_links {}", dialect.previous_links),
                format!("cursors_at_the_ends {}", dialect.cursors_at_the_ends),
                format!("past_the_end {:?}", dialect.past_the_end),
                format!("stale_cursor {:?}", dialect.stale_cursor),
                format!("cursors {:?}", dialect.cursors),
                format!("expire_cursors_on_change {}", dialect.expire_cursors_on_change),
                format!("empty_page_every {}", dialect.empty_page_every),
                format!("(clamp, links_at_the_clamp, refuse_above) {sizes:?}"),
            ]
        };
        settings(self).into_iter().zip(settings(&default)).filter(|(mine, usual)| mine != usual).map(|(mine, _)| mine)
    }

    /// How many groups a page holds that was asked to hold `limit`; `None` if the size is refused.
    pub(crate) fn page_size(&self, limit: u16) -> Option<u16> {
        match (self.refuse_above, self.clamp) {
            (Some(max), _) if limit > max => None,
            (_, Some((smallest, largest))) => Some(limit.clamp(smallest, largest)),
            (_, None) => Some(limit),
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the default")?;
        self.differences().try_for_each(|setting| write!(f, ", {setting}"))
    }
}

/// What a server does with page sizes: `clamp`, `links_at_the_clamp` and `refuse_above`.
#[derive(Clone, Copy)]
struct Sizes(Option<(u16, u16)>, bool, Option<u16>);

impl Sizes {
    /// As asked; fewer, with and without the link; more; and pages of 1024, of 100 or of 25 groups refused.
    const ALL: [Self; 7] = [
        Self(None, true, None),
        Self(Some((1, 2)), true, None),
        Self(Some((1, 2)), false, None),
        Self(Some((3, 4)), true, None),
        Self(Some((1, 2)), true, Some(100)),
        Self(Some((1, 2)), true, Some(25)),
        Self(Some((1, 2)), true, Some(10)),
    ];
}

/// Replaces each dialect by one for each of `values`.
fn vary<T: Copy, const N: usize>(all: &mut Vec<Dialect>, values: [T; N], set: impl Fn(&mut Dialect, T)) {
    let vary_one = |dialect: &Dialect| {
        values.map(|value| {
            let mut varied = *dialect;
            set(&mut varied, value);
            varied
        })
    };
    *all = all.iter().flat_map(vary_one).collect();
}
