//! The name that a text begins to greet, as titles of pages do behind a login: `Welcome back, Anna Schmidt – My account`,
//! `Dear Mrs Schmidt, …`. A greeting alone is as often for a product or for everybody, so it must be for somebody who is
//! known, or say how the person is addressed.

use std::ops::Range;

use crate::keys::vocabulary::list::{is_in, list};
use crate::shape;

/// For who has been here before.
const KNOWN: &[u32] = list!(
    "welcome back,willkommen zuruck,welkom terug,valkommen tillbaka,velkommen tilbage,velkommen tilbake,tervetuloa takaisin,bon retour,bienvenido de nuevo\
    ,bienvenida de nuevo,bentornato,bentornata,bem vindo de volta,bem-vindo de volta,bem-vinda de volta,witaj ponownie,vitejte zpet,с возвращением\
    ,tekrar hos geldiniz,logged in as,signed in as,angemeldet als,eingeloggt als,connecte en tant que,connectee en tant que,inloggad som,ingelogd als\
    ,zalogowano jako,zalogowany jako,zalogowana jako,conectado como,conectada como,accesso come,logget ind som,logget inn som"
);

/// For anybody.
const ANY: &[u32] = list!(
    "dear,sehr geehrter,sehr geehrte,lieber,liebe,beste,geachte,cher,chere,estimado,estimada,gentile,egregio,szanowny,szanowna,hello,hi,good morning\
    ,hallo,guten tag,bonjour,bonsoir,hola,buenos dias,buongiorno,bom dia,ola,dzien dobry,welcome,willkommen,bienvenue"
);

/// How people are addressed.
const ADDRESSED: &[u32] = list!(
    "mr,mr.,mrs,mrs.,ms,ms.,dr,dr.,herr,frau,heer,mevrouw,monsieur,madame,m.,mme,mme.,senor,senora,sr.,sra.,signor,signora,sig.,sig.ra,pan,pani,panie"
);

/// What is greeted, too, and is nobody.
const NOBODY: &[u32] = list!(
    "friday,monday,black,cyber,sale,sales,deal,deals,offer,offers,style,styles,spring,summer,autumn,fall,winter,christmas,season,school,collection,week\
    ,guest,guests,gast,gaste,kunden,kunde,kundin,everyone,everybody,friend,friends,visitor,shopper,world,spice"
);

/// Where the name stands that `text` begins to greet.
pub(super) fn name(text: &str) -> Option<Range<usize>> {
    /// Greetings and names are no longer than this, in bytes.
    const READ: usize = 120;
    /// Words of a greeting.
    const WORDS: usize = 4;
    if !text.starts_with(char::is_uppercase) {
        return None;
    }
    let head = text.get(..text.floor_char_boundary(READ))?;
    let mut spaces = head.match_indices(' ').take(WORDS).map(|(at, _)| at);
    let greeted = |space: usize| {
        let greeting = head.get(..space)?.trim_end_matches(',');
        let start = space + 1;
        if is_in(KNOWN, greeting) {
            return named(head, start).filter(|name| shape::is_person(head.get(name.clone()).unwrap_or_default()));
        }
        let length = head.get(start..)?.find(' ')?;
        if is_in(ANY, greeting) && is_in(ADDRESSED, head.get(start..start + length)?) {
            return named(head, start + length + 1);
        }
        None
    };
    spaces.find_map(greeted)
}

/// The words with capitals at `start`, if a mark or nothing is behind them.
fn named(head: &str, start: usize) -> Option<Range<usize>> {
    /// Words of a name.
    const WORDS: usize = 4;
    let rest = head.get(start..)?;
    let ends = |c: char| matches!(c, ',' | '!' | '?' | '|' | '–' | '—' | '·' | '•' | ':' | ';' | '\n' | '(' | '<');
    let line = rest.split(ends).next()?;
    let name = line.split(" - ").next()?.trim_end().trim_end_matches('.');
    let is_word = |word: &str| {
        word.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '’' | '.')) && !is_in(NOBODY, word)
    };
    let (first, last) = (name.split(' ').next()?, name.rsplit(' ').next()?);
    let is_capital = |word: &str| word.starts_with(char::is_uppercase) && word.chars().nth(1).is_some();
    (name.split(' ').count() <= WORDS
        && name.split(' ').all(is_word)
        && is_capital(first)
        && is_capital(last)
        && shape::may_be_name(name))
    .then(|| start..start + name.len())
}
