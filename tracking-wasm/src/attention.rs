//! How long a page was open, seen and used. All times are milliseconds since the page load.

/// Who did nothing for longer is not there any more.
const ACTIVE_MS: i64 = 30_000;

/// The time spent on the page that is open.
#[derive(Debug)]
pub(crate) struct Attention {
    /// When the page was opened.
    pub(crate) opened: i64,
    /// When the visitor last did something.
    active: i64,
    is_hidden: bool,
    /// Visible and not long since the visitor did something: the sum of it.
    pub(crate) engaged: i64,
    /// Whether the page was left.
    pub(crate) is_over: bool,
    hidden_or_visible: i64,
    focus_or_blur: i64,
}

impl Attention {
    pub(crate) const NEW: Self = Self {
        opened: 0,
        active: 0,
        is_hidden: false,
        engaged: 0,
        is_over: false,
        hidden_or_visible: 0,
        focus_or_blur: 0,
    };

    /// A page is opened.
    pub(crate) fn open(&mut self, t: i64) {
        self.act(t);
        (self.opened, self.engaged, self.is_over) = (t, 0, false);
    }

    /// The visitor did something, or `engaged` is to be up to date.
    #[inline(never)]
    pub(crate) fn act(&mut self, t: i64) {
        if !self.is_hidden {
            self.engaged += (t - self.active).min(ACTIVE_MS);
        }
        self.active = t;
    }

    /// The page is `hidden` or `visible`, or has `focus` or `blur`. How long it was in the state before.
    pub(crate) fn change(&mut self, state: &[u8], t: i64) -> i64 {
        self.act(t);
        // one letter tells them apart
        let is_hidden = state.first() == Some(&b'h');
        let since = if is_hidden || state.first() == Some(&b'v') {
            self.is_hidden = is_hidden;
            &mut self.hidden_or_visible
        } else {
            &mut self.focus_or_blur
        };
        t - std::mem::replace(since, t)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engaged_is_visible_and_active() {
        let mut attention = Attention::NEW;
        attention.open(100);
        attention.act(10_100);
        assert_eq!(attention.engaged, 10_000);
        attention.act(100_000);
        assert_eq!(attention.engaged, 40_000, "nobody was there most of the time");
        assert_eq!(attention.change(b"hidden", 105_000), 105_000);
        assert_eq!(attention.change(b"visible", 165_000), 60_000);
        attention.act(166_000);
        assert_eq!(attention.engaged, 46_000);
        assert_eq!((attention.change(b"blur", 170_000), attention.change(b"focus", 171_000)), (170_000, 1_000));
    }
}
