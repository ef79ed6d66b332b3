//! Settings that are one of a few names. Each list goes from what keeps most to what keeps least, so that the stricter of
//! two is the greater.

/// A setting with a few named values.
pub trait Choice: Copy + Ord + Sized + 'static {
    /// The name of the setting.
    const SETTING: &'static str;
    /// Every value with its name and what it means, the strictest last.
    const ALL: &'static [(Self, &'static str, &'static str)];

    /// The value of that name.
    #[must_use]
    fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == name).map(|(value, ..)| *value)
    }

    /// Its name.
    #[must_use]
    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(value, ..)| *value == self).map_or("", |(_, name, _)| name)
    }

    /// The value that keeps least.
    #[must_use]
    fn strictest(fallback: Self) -> Self {
        Self::ALL.iter().map(|(value, ..)| *value).max().unwrap_or(fallback)
    }
}

/// Declares an enum with its [`Choice`], from loose to strict.
macro_rules! choice {
    ($(#[$doc:meta])* $kind:ident = $setting:literal { $($variant:ident = $name:literal, $what:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $kind { $(#[doc = $what] $variant,)+ }

        impl $crate::choice::Choice for $kind {
            const SETTING: &'static str = $setting;
            const ALL: &'static [(Self, &'static str, &'static str)] = &[$((Self::$variant, $name, $what),)+];
        }
    };
}

pub(crate) use choice;
