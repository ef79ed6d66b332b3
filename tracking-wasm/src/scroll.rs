//! How far down a page was seen: four milestones, once each and page.

/// Zoomed pages end on fractions of a pixel.
const ROUNDING_PX: i64 = 2;

/// What was reached of the page that is open.
#[derive(Debug)]
pub(crate) struct Depth {
    /// Of the page's height, in percent.
    pub(crate) reached: i64,
    /// Milestones told so far.
    told: i64,
}

impl Depth {
    pub(crate) const NEW: Self = Self { reached: 0, told: 0 };

    /// The page, `height` pixels high, is seen down to `bottom`. Of a page that scrolls, nothing counts before it was scrolled.
    pub(crate) fn reach(&mut self, bottom: i64, height: i64, is_scrolled: bool) {
        let seen = bottom + ROUNDING_PX;
        if is_scrolled || seen >= height {
            self.reached = self.reached.max((seen * 100 / height.max(1)).min(100));
        }
    }

    /// The next milestone that was reached and not told: 25, 50, 75, 100.
    pub(crate) fn milestone(&mut self) -> Option<i64> {
        let next = (self.told + 1) * 25;
        (next <= self.reached).then(|| {
            self.told += 1;
            next
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(depth: &mut Depth, bottom: i64, height: i64, is_scrolled: bool) -> Vec<i64> {
        depth.reach(bottom, height, is_scrolled);
        std::iter::from_fn(|| depth.milestone()).collect()
    }

    #[test]
    fn each_milestone_comes_once() {
        let mut depth = Depth::NEW;
        let mut reach = |bottom, is_scrolled| reach(&mut depth, bottom, 4000, is_scrolled);
        assert_eq!(reach(1000, false), [0_i64; 0]);
        assert_eq!(reach(1000, true), [25]);
        assert_eq!(reach(3000, true), [50, 75]);
        assert_eq!(reach(2000, true), [0_i64; 0]);
        assert_eq!(reach(3999, true), [100]);
        assert_eq!(reach(4000, true), [0_i64; 0]);
    }

    #[test]
    fn a_page_that_does_not_scroll_is_seen_whole() {
        for (bottom, height) in [(800, 600), (0, 0)] {
            let mut depth = Depth::NEW;
            assert_eq!(reach(&mut depth, bottom, height, false), [25, 50, 75, 100]);
        }
    }
}
