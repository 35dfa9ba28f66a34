//! The page size.

use crate::cursor::PageSize;

use super::failure::Problem;

/// Sizes to try where the API refuses one: the maximum on another of its pages, then its default.
const FALLBACKS: [PageSize; 2] = [PageSize::clamped(100), PageSize::DEFAULT];

/// How the size of the next page is chosen.
#[derive(Clone, Debug)]
pub(crate) enum Sizes {
    Fixed(PageSize),
    /// The API's default for the first page, so that the first groups arrive early; then the ceiling, so that there are
    /// few requests.
    Adaptive {
        /// The largest size not refused.
        ceiling: PageSize,
        /// The largest size that was answered.
        worked: Option<PageSize>,
    },
}

impl Sizes {
    pub(crate) fn adaptive() -> Self {
        Self::Adaptive { ceiling: PageSize::MAX, worked: None }
    }

    /// The size of the next page. A search starts at the ceiling.
    pub(super) fn next(&self, searching: bool) -> PageSize {
        match *self {
            Self::Fixed(size) => size,
            Self::Adaptive { worked: None, ceiling } if !searching => PageSize::DEFAULT.min(ceiling),
            Self::Adaptive { ceiling, .. } => ceiling,
        }
    }

    pub(super) fn worked(&mut self, size: PageSize) {
        if let Self::Adaptive { worked, .. } = self {
            *worked = Some(size).max(*worked);
        }
    }

    /// A request with this size failed. Returns whether a smaller size is worth a request, and then lowers the ceiling.
    ///
    /// The API's pages contradict each other about the maximum, its 400 gives no reason, and a gateway may time out over a
    /// large page. So such a failure counts as a refusal of the size, unless that size has worked.
    pub(super) fn refused(&mut self, size: PageSize, problem: Problem) -> bool {
        let Self::Adaptive { ceiling, worked } = self else { return false };
        let refusal = match problem {
            Problem::TooLarge => true,
            Problem::Unexplained | Problem::Exhausted => Some(size) > *worked,
            Problem::Expired | Problem::Invalid | Problem::Other => false,
        };
        let smaller = FALLBACKS.into_iter().find(|fallback| *fallback < size);
        match smaller {
            Some(smaller) if refusal => {
                *ceiling = smaller;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(size: u32) -> PageSize {
        PageSize::clamped(size)
    }

    #[test]
    fn the_first_page_is_small_and_the_others_are_large() {
        let mut sizes = Sizes::adaptive();
        assert_eq!(sizes.next(false), PageSize::DEFAULT);
        sizes.worked(PageSize::DEFAULT);
        assert_eq!(sizes.next(false), PageSize::MAX);
    }

    #[test]
    fn a_search_is_large_from_the_first_page() {
        assert_eq!(Sizes::adaptive().next(true), PageSize::MAX);
    }

    #[test]
    fn a_refused_size_drops_to_100_then_25_and_stays_there() {
        let mut sizes = Sizes::adaptive();
        sizes.worked(size(25));
        assert!(sizes.refused(size(1024), Problem::Unexplained));
        assert_eq!(sizes.next(false), size(100));
        assert!(sizes.refused(size(100), Problem::Unexplained));
        assert_eq!(sizes.next(false), size(25));
        assert!(!sizes.refused(size(25), Problem::Unexplained));
        sizes.worked(size(25));
        assert_eq!(sizes.next(true), size(25));
    }

    #[test]
    fn a_failure_without_an_explanation_is_a_refusal_of_a_size_that_has_not_worked_only() {
        for problem in [Problem::Unexplained, Problem::Exhausted] {
            let mut sizes = Sizes::adaptive();
            sizes.worked(size(100));
            assert!(!sizes.refused(size(100), problem));
            assert!(sizes.refused(size(101), problem));
            assert_eq!(sizes.next(false), size(100));
        }
    }

    #[test]
    fn a_page_too_large_for_the_server_is_a_refusal_even_if_the_size_has_worked() {
        let mut sizes = Sizes::adaptive();
        sizes.worked(size(1024));
        assert!(sizes.refused(size(1024), Problem::TooLarge));
    }

    #[test]
    fn other_failures_are_no_refusal() {
        for problem in [Problem::Expired, Problem::Invalid, Problem::Other] {
            assert!(!Sizes::adaptive().refused(size(1024), problem), "{problem:?}");
        }
    }

    #[test]
    fn a_size_of_the_caller_is_never_changed() {
        let mut sizes = Sizes::Fixed(size(1024));
        assert!(!sizes.refused(size(1024), Problem::TooLarge));
        assert_eq!(sizes.next(false), size(1024));
    }
}
