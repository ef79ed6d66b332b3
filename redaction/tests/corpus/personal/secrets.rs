//! Passwords, tokens and keys.

use super::Sort;
use super::makers::{HEX, UPPER, token};

const TEXT_TOKEN: &[&str] =
    &["Authorization: Bearer {}", "!curl -H 'Authorization: Bearer {}' https://api.example.com/v1", "bearer {}"];

pub(super) const SORTS: &[Sort] = &[
    Sort {
        category: "jwt",
        is_by_itself: true,
        keys: &["token", "jwt", "id_token", "note", "accessToken"],
        texts: &["x {} y", "token={}", "!jwt: {}", "Authorization: Bearer {}"],
        make: |dice| format!("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOi{}.{}", token(dice, 20), token(dice, 43)),
    },
    Sort {
        category: "api_key",
        is_by_itself: true,
        keys: &["api_key", "apiKey", "secret", "note", "config"],
        texts: &["key {}.", "export KEY={}", "!using {} for prod", "'{}'"],
        make: |dice| match dice.below(16) {
            0 => format!("AKIA{}", dice.of(UPPER, 15) + "7"),
            1 => format!("ghp_{}", token(dice, 36)),
            2 => format!("sk_live_{}", token(dice, 24)),
            3 => format!("xoxb-{}-{}-{}", dice.digits(11), dice.digits(12), token(dice, 24)),
            4 => format!("AIza{}", token(dice, 35)),
            5 => format!("sk-proj-{}", token(dice, 48)),
            6 => format!("SG.{}.{}", token(dice, 22), token(dice, 43)),
            7 => format!("npm_{}", token(dice, 36)),
            8 => format!("glpat-{}", token(dice, 20)),
            9 => format!("shpat_{}", dice.of(HEX, 31) + "7"),
            10 => format!("AC{}", dice.of(HEX, 31) + "7"),
            11 => format!("github_pat_{}_{}", token(dice, 22), token(dice, 59)),
            12 => format!("rk_live_{}", token(dice, 24)),
            13 => format!("hf_{}", token(dice, 34)),
            14 => format!("sk-{}", token(dice, 48)),
            _ => format!("whsec_{}", token(dice, 32)),
        },
    },
    Sort {
        category: "api_key",
        is_by_itself: true,
        keys: &["note"],
        texts: &["a {} b"],
        make: |dice| {
            format!(
                "-----BEGIN RSA PRIVATE KEY-----\n{}\n{}\n-----END RSA PRIVATE KEY-----",
                token(dice, 64),
                token(dice, 64)
            )
        },
    },
    Sort {
        category: "bearer",
        is_by_itself: false,
        keys: &["authorization", "Authorization", "access_token", "auth-token", "csrf_token"],
        texts: TEXT_TOKEN,
        make: |dice| {
            let length = 24 + dice.below(20) as usize;
            token(dice, length)
        },
    },
    Sort {
        category: "session_token",
        is_by_itself: false,
        keys: &[
            "session_id",
            "sid",
            "PHPSESSID",
            "JSESSIONID",
            "sessionToken",
            "reset_token",
            "auth",
            "csrf",
            "refresh_token",
            "invite_code",
            "otp_token",
            "X-Auth-Token",
        ],
        texts: &["cookie: sid={}; theme=dark", "!reset token {} expired", "session_id={} ok"],
        make: |dice| {
            let length = 20 + dice.below(20) as usize;
            token(dice, length)
        },
    },
    Sort {
        category: "password",
        is_by_itself: false,
        keys: &[
            "password",
            "newPassword",
            "user_pwd",
            "passwort",
            "contraseña",
            "mot_de_passe",
            "wachtwoord",
            "senha",
            "hasło",
            "lösenord",
            "login[password]",
        ],
        texts: &["password: {}", "my password is {}", "!Passwort lautet {}", "pwd={}", "!contraseña: {}"],
        make: |dice| {
            format!(
                "{}{}{}{}",
                dice.pick(&["Hunter", "Sommer", "Tr0ub4dor", "S3cret", "Qwerty"]),
                dice.digits(3),
                dice.pick(&["!", "$", "", "x"]),
                dice.digits(1)
            )
        },
    },
    Sort {
        category: "url_credentials",
        is_by_itself: true,
        keys: &["dsn", "database_url", "href", "note"],
        texts: &["connect {} now", "!url={}", "{}"],
        make: |dice| {
            format!(
                "{}://{}:{}@{}",
                dice.pick(&["https", "postgres", "ftp", "redis", "mongodb+srv"]),
                dice.pick(&["app", "admin", "jane"]),
                token(dice, 10),
                dice.pick(&["db.example.com/shop", "example.org:5432/x", "10.1.2.3/0"])
            )
        },
    },
    // Coordinates.
    Sort {
        category: "pin",
        is_by_itself: false,
        keys: &["pin", "userPin", "otp", "otp_code", "verification_code", "one-time-code"],
        texts: &["PIN: {}", "your verification code is {}", "!OTP {}"],
        make: |dice| format!("{}{}", 1 + dice.below(9), dice.digits(5)),
    },
];
