//! How many groups to ask for.

use crate::error::Error;
use crate::page::PageSize;

/// What to fall back to where the API refuses a size: the maximum that another of its pages documents, then its default.
const FALLBACKS: [PageSize; 2] = [PageSize::clamped(100), PageSize::DEFAULT];

/// The rule for the size of the next page.
#[derive(Clone, Debug)]
pub(crate) enum Sizing {
    /// The caller's size, always.
    Fixed(PageSize),
    /// The API's default for the first page, so that the first groups come fast; then as many as the API takes, so that
    /// few requests are needed.
    Adaptive {
        /// The largest size that the API has not refused.
        ceiling: PageSize,
        /// The largest size that has worked in this walk.
        worked: Option<PageSize>,
    },
}

impl Sizing {
    pub(crate) fn adaptive() -> Self {
        Self::Adaptive { ceiling: PageSize::MAX, worked: None }
    }

    /// The size of the next page. A page that is only searched for a place is asked for large at once.
    pub(super) fn next(&self, searching: bool) -> PageSize {
        match *self {
            Self::Fixed(size) => size,
            Self::Adaptive { worked: None, ceiling } if !searching => PageSize::DEFAULT.min(ceiling),
            Self::Adaptive { ceiling, .. } => ceiling,
        }
    }

    /// A page of this size came.
    pub(super) fn worked(&mut self, size: PageSize) {
        if let Self::Adaptive { worked, .. } = self {
            *worked = Some(size).max(*worked);
        }
    }

    /// A request for a page of this size failed. Returns whether a smaller one is worth asking for, and settles on it.
    ///
    /// The API's pages contradict each other about the maximum, and its 400 says nothing that a program could read. So a
    /// 400 without another explanation counts as a refusal of the size as long as no page of that size has come.
    pub(super) fn refused(&mut self, size: PageSize, error: &Error) -> bool {
        let Self::Adaptive { ceiling, worked } = self else { return false };
        let refusal = error.asks_for_less() || (error.is_unexplained_refusal() && Some(size) > *worked);
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

    fn bad_request() -> Error {
        Error::api(400, None, "limit exceeds 100")
    }

    #[test]
    fn the_first_page_is_small_and_the_others_are_large() {
        let mut sizing = Sizing::adaptive();
        assert_eq!(sizing.next(false), PageSize::DEFAULT);
        sizing.worked(PageSize::DEFAULT);
        assert_eq!(sizing.next(false), PageSize::MAX);
    }

    #[test]
    fn a_search_is_large_from_the_first_page() {
        assert_eq!(Sizing::adaptive().next(true), PageSize::MAX);
    }

    #[test]
    fn a_refused_size_drops_to_100_then_25_and_stays_there() {
        let mut sizing = Sizing::adaptive();
        sizing.worked(size(25));
        assert!(sizing.refused(size(1024), &bad_request()));
        assert_eq!(sizing.next(false), size(100));
        assert!(sizing.refused(size(100), &bad_request()));
        assert_eq!(sizing.next(false), size(25));
        assert!(!sizing.refused(size(25), &bad_request()));
        sizing.worked(size(25));
        assert_eq!(sizing.next(true), size(25));
    }

    #[test]
    fn a_bad_request_at_a_size_that_has_worked_is_no_refusal_of_the_size() {
        let mut sizing = Sizing::adaptive();
        sizing.worked(size(1024));
        assert!(!sizing.refused(size(1024), &bad_request()));
    }

    #[test]
    fn a_page_too_large_for_the_server_is_a_refusal_even_where_the_size_has_worked() {
        for error in [
            Error::api(413, None, "Request Entity Too Large"),
            Error::api(500, Some(1), "Please reduce the amount of data you're asking for, then retry your request"),
        ] {
            let mut sizing = Sizing::adaptive();
            sizing.worked(size(1024));
            assert!(sizing.refused(size(1024), &error));
        }
    }

    #[test]
    fn other_failures_are_no_refusal() {
        for error in [
            Error::api(500, None, "Internal Server Error"),
            Error::api(401, None, "Authentication Failed"),
            Error::api(400, Some(131_059), "Invalid cursor"),
            Error::api(400, Some(190), "Access token has expired"),
            Error::transport("reset"),
        ] {
            assert!(!Sizing::adaptive().refused(size(1024), &error), "{error}");
        }
    }

    #[test]
    fn a_size_of_the_callers_is_never_changed() {
        let mut sizing = Sizing::Fixed(size(1024));
        assert!(!sizing.refused(size(1024), &bad_request()));
        assert_eq!(sizing.next(false), size(1024));
    }
}
