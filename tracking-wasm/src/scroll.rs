//! How far down a page was seen: four milestones, once each and page.

const MILESTONES: [i32; 4] = [25, 50, 75, 100];
/// Zoomed pages end on fractions of a pixel.
const ROUNDING_PX: i32 = 2;

/// What was reached of the page that is open.
#[derive(Debug, Default)]
pub(crate) struct Depth {
    reached: i32,
}

impl Depth {
    /// The milestones reached for the first time when the page, `height` pixels high, is seen down to `bottom`. Of a page
    /// that scrolls, nothing counts before it was scrolled.
    pub(crate) fn reach(&mut self, bottom: i32, height: i32, scrolled: bool) -> impl Iterator<Item = i32> + use<> {
        let before = self.reached;
        let seen = bottom.saturating_add(ROUNDING_PX);
        let percent = i64::from(seen) * 100 / i64::from(height.max(1));
        if scrolled || seen >= height {
            self.reached = before.max(i32::try_from(percent).unwrap_or(100));
        }
        let now = self.reached;
        MILESTONES.into_iter().filter(move |milestone| (before + 1..=now).contains(milestone))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_milestone_comes_once() {
        let mut depth = Depth::default();
        let mut reach = |bottom, scrolled| depth.reach(bottom, 4000, scrolled).collect::<Vec<_>>();
        assert_eq!(reach(1000, false), [0_i32; 0]);
        assert_eq!(reach(1000, true), [25]);
        assert_eq!(reach(3000, true), [50, 75]);
        assert_eq!(reach(2000, true), [0_i32; 0]);
        assert_eq!(reach(3999, true), [100]);
        assert_eq!(reach(4000, true), [0_i32; 0]);
    }

    #[test]
    fn a_page_that_does_not_scroll_is_seen_whole() {
        assert_eq!(Depth::default().reach(800, 600, false).collect::<Vec<_>>(), [25, 50, 75, 100]);
        assert_eq!(Depth::default().reach(0, 0, false).collect::<Vec<_>>(), [25, 50, 75, 100]);
    }
}
