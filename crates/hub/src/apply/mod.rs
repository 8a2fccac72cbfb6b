//! Firms that ask to join: what a form must hold, and the four words by which both sides know each
//! other on the telephone.
//!
//! A firm asks on a page, confirms by a mailed link, and is rung up by an officer of its region. The
//! firm says the first two words, the officer types them in; the officer's page shows the last two,
//! for the officer to say. Neither can be played by somebody who saw only the form.
//!
//! Numbers are checked for their form alone: whether a company is what it says is for the officer to
//! look up.

use larum_core::area;
use larum_core::time::Timestamp;
use larum_core::words::Words;
use larum_link::secret::{NoRandomness, random};

use crate::id::ApplicationId;
use crate::people::{MAX_NAME_CHARS, is_email};

/// Longest name of a firm, in characters.
pub const MAX_FIRM_CHARS: usize = 200;
/// Longest question, answer or reason, in characters.
pub const MAX_TEXT_CHARS: usize = 1_000;
/// Longest name of a domain, in bytes (RFC 1035).
const MAX_DOMAIN_BYTES: usize = 253;
/// How long the mailed link waits to be confirmed, in seconds.
pub const CONFIRM_SECONDS: i64 = 24 * 3_600;
/// How long an application is kept after it was decided, in seconds.
pub const KEEP_SECONDS: i64 = 90 * 86_400;
/// Most applications that wait at once, confirmed or not.
pub const MAX_WAITING: u32 = 10_000;
/// How many words there are to choose from: one byte each.
const SPOKEN_WORDS: usize = 256;

/// Sizes by number of people, as the statistics office counts them.
pub const SIZES: [&str; 4] = ["micro", "small", "medium", "large"];
/// Lines of business.
pub const SECTORS: [&str; 14] = [
    "retail",
    "food",
    "health",
    "education",
    "legal",
    "finance",
    "manufacturing",
    "construction",
    "transport",
    "technology",
    "charity",
    "public",
    "farming",
    "other",
];

/// In which register a firm stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Register {
    /// Companies House.
    Company,
    /// A register of charities.
    Charity,
    /// Neither: a sole trader, a partnership, a public body.
    None,
}

impl Register {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Company, Self::Charity, Self::None];

    /// The one spelling, in the store and the catalogue.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Company => "company",
            Self::Charity => "charity",
            Self::None => "none",
        }
    }

    /// The register spelled `word`.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }

    /// `number` as the register writes it, if it has its form.
    #[must_use]
    pub fn number(self, number: &str) -> Option<String> {
        let typed: String = number
            .chars()
            .filter(|letter| !letter.is_whitespace())
            .map(|letter| letter.to_ascii_uppercase())
            .take(20)
            .collect();
        match self {
            Self::Company => company(&typed),
            Self::Charity => charity(&typed).then_some(typed),
            Self::None => typed.is_empty().then_some(typed),
        }
    }
}

/// Eight digits, two letters and six digits, or one letter and seven; zeros at the front may be left
/// out (Companies House, "company number").
fn company(typed: &str) -> Option<String> {
    let letters = typed.bytes().take_while(u8::is_ascii_uppercase).count();
    let digits = typed.get(letters..)?;
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !plain || digits.bytes().all(|byte| byte == b'0') {
        return None;
    }
    match (letters, digits.len()) {
        (0, 1..=8) => Some(format!("{digits:0>8}")),
        (1, 7) | (2, 6) => Some(typed.to_owned()),
        _ => None,
    }
}

/// Six or seven digits in England and Wales, `SC` and six in Scotland, `NIC` and six in Northern
/// Ireland.
fn charity(typed: &str) -> bool {
    let digits = |text: &str, counts: &[usize]| {
        counts.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    match (typed.strip_prefix("NIC"), typed.strip_prefix("SC")) {
        (Some(rest), _) | (None, Some(rest)) => digits(rest, &[6]),
        (None, None) => digits(typed, &[6, 7]) && !typed.starts_with('0'),
    }
}

/// A registration with the Information Commissioner: `Z` and seven digits, or `ZA`, `ZB`, `ZC` and
/// six, as its register writes it.
fn ico(typed: &str) -> Option<String> {
    let typed = typed.trim().to_ascii_uppercase();
    let rest = typed.strip_prefix('Z')?;
    let digits = match rest.strip_prefix(['A', 'B', 'C']) {
        Some(digits) if digits.len() == 6 => digits,
        None if rest.len() == 7 => rest,
        _ => return None,
    };
    digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then_some(typed.clone())
}

/// A host name of at least two labels, as a firm writes its web site or what stands behind the `@`.
fn domain(typed: &str) -> Option<String> {
    let name = typed.trim().to_ascii_lowercase();
    let name = name.split_once("://").map_or(&*name, |(_, rest)| rest);
    let name = name.split('/').next().unwrap_or_default();
    let name = name.strip_prefix("www.").unwrap_or(name);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let fine = name.len() <= MAX_DOMAIN_BYTES
        && name.contains('.')
        && name.split('.').all(label)
        && !name
            .split('.')
            .next_back()?
            .bytes()
            .all(|b| b.is_ascii_digit());
    fine.then(|| name.to_owned())
}

/// One or two letters, the first part of a postcode; a whole postcode is cut down to them.
fn postcode_area(typed: &str) -> Option<String> {
    let typed = typed.trim().to_ascii_uppercase();
    let letters: String = typed
        .chars()
        .take_while(char::is_ascii_alphabetic)
        .collect();
    let rest_fits = typed
        .chars()
        .skip(letters.len())
        .all(|letter| letter.is_ascii_alphanumeric() || letter == ' ')
        && typed.len() <= 8;
    let digit_next = typed
        .chars()
        .nth(letters.len())
        .is_none_or(|next| next.is_ascii_digit());
    ((1..=2).contains(&letters.len()) && rest_fits && digit_next).then_some(letters)
}

/// What was typed into the form.
#[derive(Clone, Copy, Debug, Default)]
pub struct Typed<'t> {
    /// Name of the firm.
    pub firm: &'t str,
    /// Its e-mail domain or web site.
    pub domain: &'t str,
    /// Name of the person who asks.
    pub contact: &'t str,
    /// Their address.
    pub email: &'t str,
    /// Which register, as [`Register`] spells it.
    pub register: &'t str,
    /// Its number there.
    pub number: &'t str,
    /// Registration with the Information Commissioner; may be empty.
    pub ico: &'t str,
    /// Line of business.
    pub sector: &'t str,
    /// Size class.
    pub size: &'t str,
    /// The letters a postcode begins with.
    pub postcode: &'t str,
    /// Police force area, ONS code.
    pub area: &'t str,
}

/// A firm that asks, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewApplication {
    /// Its identity.
    pub id: ApplicationId,
    /// SHA-256 of the mailed link's secret, hexadecimal.
    pub secret_hash: String,
    /// Name of the firm.
    pub firm: String,
    /// Its e-mail domain, lower case.
    pub domain: String,
    /// Name of the person who asks: the owner, if it is accepted.
    pub contact: String,
    /// Their address, lower case.
    pub email: String,
    /// Which register it stands in.
    pub register: Register,
    /// Its number there; empty for none.
    pub number: String,
    /// Its registration with the Information Commissioner, if it said one.
    pub ico: Option<String>,
    /// Line of business.
    pub sector: String,
    /// Size class.
    pub size: String,
    /// The letters its postcodes begin with.
    pub postcode: String,
    /// Police force area, ONS code.
    pub area: String,
    /// The region that vets it.
    pub region: String,
    /// The four words.
    pub spoken: String,
}

/// Checks a form; gives what is to be kept.
///
/// # Errors
/// The name of the first field that cannot be right: the message is `hub-apply-wrong-…`.
pub fn check(
    typed: &Typed<'_>,
    id: ApplicationId,
    secret_hash: String,
    spoken: String,
) -> Result<NewApplication, &'static str> {
    let firm = line(typed.firm, MAX_FIRM_CHARS).ok_or("firm")?;
    let domain = domain(typed.domain).ok_or("domain")?;
    let contact = line(typed.contact, MAX_NAME_CHARS).ok_or("contact")?;
    let email = typed.email.trim().to_lowercase();
    if !is_email(&email) {
        return Err("email");
    }
    let register = Register::from_word(typed.register).ok_or("register")?;
    let number = register.number(typed.number).ok_or("number")?;
    let ico = match typed.ico.trim() {
        "" => None,
        text => Some(ico(text).ok_or("ico")?),
    };
    let sector = one_of(&SECTORS, typed.sector).ok_or("sector")?;
    let size = one_of(&SIZES, typed.size).ok_or("size")?;
    let postcode = postcode_area(typed.postcode).ok_or("postcode")?;
    let region = area::region(typed.area).ok_or("area")?.to_owned();
    Ok(NewApplication {
        id,
        secret_hash,
        firm,
        domain,
        contact,
        email,
        register,
        number,
        ico,
        sector,
        size,
        postcode,
        area: typed.area.to_owned(),
        region,
        spoken,
    })
}

fn one_of(list: &[&str], value: &str) -> Option<String> {
    list.contains(&value).then(|| value.to_owned())
}

/// One line of text that is not empty.
pub(crate) fn line(text: &str, most: usize) -> Option<String> {
    let text = text.trim();
    let fine =
        !text.is_empty() && text.chars().count() <= most && !text.chars().any(char::is_control);
    fine.then(|| text.to_owned())
}

/// A few lines of text that are not empty.
pub(crate) fn lines(text: &str) -> Option<String> {
    let text = text.trim().replace("\r\n", "\n");
    let fine = !text.is_empty()
        && text.chars().count() <= MAX_TEXT_CHARS
        && !text
            .chars()
            .any(|letter| letter.is_control() && letter != '\n');
    fine.then_some(text)
}

/// Four words at random out of the catalogue's 256: 32 bits.
///
/// # Errors
/// When the operating system gives no random bytes.
pub fn spoken_words(words: &Words) -> Result<String, NoRandomness> {
    let list = words.say("hub-apply-spoken-list");
    let list: Vec<&str> = list.split_whitespace().take(SPOKEN_WORDS).collect();
    let chosen = random::<4>()?.map(|byte| list.get(usize::from(byte)).copied().unwrap_or("word"));
    Ok(chosen.join(" "))
}

/// The two words the firm says, and the two the officer says.
#[must_use]
pub fn halves(spoken: &str) -> (String, String) {
    let words: Vec<&str> = spoken.split(' ').collect();
    let (ours, theirs) = words.split_at(words.len().min(2));
    (ours.join(" "), theirs.join(" "))
}

/// Whether `typed` are the words the firm says, however they are spaced and capitalised.
#[must_use]
pub fn heard(spoken: &str, typed: &str) -> bool {
    let typed: Vec<String> = typed
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let (first, _) = halves(spoken);
    !first.is_empty() && typed.join(" ") == first
}

/// Whether the address of whoever asks belongs to the firm's domain. Where it does not, the mailed
/// link proves nothing about the firm, and the officer is told.
#[must_use]
pub fn own_address(email: &str, domain: &str) -> bool {
    email.rsplit_once('@').is_some_and(|(_, host)| {
        host == domain
            || host
                .strip_suffix(domain)
                .is_some_and(|rest| rest.ends_with('.'))
    })
}

/// Until when a link that nobody has confirmed is good.
#[must_use]
pub const fn confirm_until(asked: Timestamp) -> Timestamp {
    asked.plus_seconds(CONFIRM_SECONDS)
}

#[cfg(test)]
mod tests;
