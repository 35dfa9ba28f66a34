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
    pub inclusive_cursors: bool,
    pub echo_cursors: bool,
    pub ignore_cursors: bool,
    /// The first page shows another group each time, and each of its cursors is refused (2642). The fake has no such
    /// setting.
    pub refuse_cursors: bool,
    /// 0, 1 or 2.
    pub empty_page_every: u8,
    pub clamp: Option<(u32, u32)>,
    pub links_at_the_clamp: bool,
    pub refuse_above: Option<u32>,
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
            inclusive_cursors: false,
            echo_cursors: false,
            ignore_cursors: false,
            refuse_cursors: false,
            empty_page_every: 0,
            clamp: None,
            links_at_the_clamp: true,
            refuse_above: None,
        }
    }
}

impl Dialect {
    /// What the API's own sample shows: cursors are offsets in a version of the list.
    #[must_use]
    pub fn sample() -> Self {
        Self { cursors: CursorKind::Offsets, expire_cursors_on_change: true, ..Self::default() }
    }

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
        let odd: Vec<_> = all.iter().flat_map(Self::odd).collect();
        all.extend(odd);
        all
    }

    /// The same dialect with each odd habit, as far as it makes sense, if it is near the default or the sample.
    fn odd(&self) -> impl Iterator<Item = Self> + use<> {
        let (near, has_empty_pages) = (self.nearness(), self.empty_page_every > 0);
        let expires = self.expire_cursors_on_change || self.stale_cursor != CursorAnswer::Expired;
        let odd = [
            (near <= 2 && self.past_the_end == CursorAnswer::EmptyPage, Self { echo_cursors: true, ..*self }),
            (near <= 1 && !has_empty_pages, Self { inclusive_cursors: true, ..*self }),
            (near <= 1 && !has_empty_pages && !expires, Self { ignore_cursors: true, ..*self }),
            (near == 0 && !expires, Self { refuse_cursors: true, ..*self }),
        ];
        odd.into_iter().filter_map(|(makes_sense, dialect)| makes_sense.then_some(dialect))
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

    /// In how many settings it differs from the default or from the sample, whichever is nearer.
    #[must_use]
    pub fn nearness(&self) -> usize {
        let from_the_sample = self.settings().into_iter().zip(Self::sample().settings());
        self.distance().min(from_the_sample.filter(|(mine, theirs)| mine != theirs).count())
    }

    /// The settings in which it differs from the default.
    fn differences(&self) -> impl Iterator<Item = String> + use<> {
        let pairs = self.settings().into_iter().zip(Self::default().settings());
        pairs.filter(|(mine, usual)| mine != usual).map(|(mine, _)| mine)
    }

    fn settings(&self) -> [String; 13] {
        let sizes = (self.clamp, self.links_at_the_clamp, self.refuse_above);
        [
            format!("next_links {}", self.next_links),
            format!("previous_links {}", self.previous_links),
            format!("cursors_at_the_ends {}", self.cursors_at_the_ends),
            format!("past_the_end {:?}", self.past_the_end),
            format!("stale_cursor {:?}", self.stale_cursor),
            format!("cursors {:?}", self.cursors),
            format!("expire_cursors_on_change {}", self.expire_cursors_on_change),
            format!("inclusive_cursors {}", self.inclusive_cursors),
            format!("echo_cursors {}", self.echo_cursors),
            format!("ignore_cursors {}", self.ignore_cursors),
            format!("refuse_cursors {}", self.refuse_cursors),
            format!("empty_page_every {}", self.empty_page_every),
            format!("(clamp, links_at_the_clamp, refuse_above) {sizes:?}"),
        ]
    }

    /// How many groups a page holds that was asked to hold `limit`; `None` if the size is refused.
    pub(crate) fn page_size(&self, limit: u32) -> Option<u32> {
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
struct Sizes(Option<(u32, u32)>, bool, Option<u32>);

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
