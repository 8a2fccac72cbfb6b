//! Generators of domain names for training, written after published descriptions of malware families:
//! which letters, what length, which suffixes. They follow the description, not the code, of a family.

/// Chance that follows from a seed (SplitMix64, public domain).
pub struct Chance(u64);

impl Chance {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let value = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        value ^ (value >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit.max(1)).unwrap_or(1);
        usize::try_from(self.next() % limit).unwrap_or(0)
    }

    pub fn between(&mut self, least: usize, most: usize) -> usize {
        least + self.below(most - least + 1)
    }

    pub fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of.get(self.below(of.len())).copied().unwrap_or("")
    }

    fn letter(&mut self, of: &str) -> char {
        let at = self.below(of.len());
        of.as_bytes().get(at).map_or('a', |byte| char::from(*byte))
    }
}

/// How a family makes its label.
enum Make {
    /// Letters of an alphabet, each as likely.
    Letters(&'static str, usize, usize),
    /// Letters of a part of the alphabet that changes.
    FewLetters(usize, usize),
    /// Consonant and vowel in turn, now and then two of one kind.
    Syllables(usize, usize, usize),
    /// Words after one another.
    Words(usize, usize, usize, usize),
    /// Words that lost or gained letters.
    BrokenWords(usize, usize),
    /// A word whose first letters are random.
    Mutated(usize),
    /// Random letters with an ending that words have.
    WithEnding(usize, usize),
}

/// One family or kind.
pub struct Generator {
    /// Its name in reports.
    pub name: &'static str,
    make: Make,
    suffixes: &'static [&'static str],
}

const AZ: &str = "abcdefghijklmnopqrstuvwxyz";
const AY: &str = "abcdefghijklmnopqrstuvwxy";
const ALNUM: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
const HEX: &str = "0123456789abcdef";
const COMMON: &[&str] = &["com", "net", "org", "info", "biz"];
const MANY: &[&str] = &[
    "com", "com", "com", "net", "net", "org", "info", "biz", "ru", "cc", "su", "pw", "eu", "in",
    "me", "tv", "ws", "to", "co", "de", "uk", "nl", "fr", "it", "be", "us", "ca", "ch", "at", "pl",
    "cn", "jp", "mx", "br", "so", "nu", "ki", "la", "sx", "top", "xyz", "online", "click", "work",
    "space", "site", "pro", "bid", "kz", "am", "ir", "co.uk", "com.br", "tj", "sc", "bz", "ac",
    "sh", "im", "tk", "ga", "ml", "cf", "ms", "vg", "lc", "hn", "ly", "ps", "gd",
];
const DYNAMIC: &[&str] = &[
    "ddns.net",
    "dyndns.org",
    "yi.org",
    "mooo.com",
    "dynserv.com",
    "no-ip.org",
    "hopto.org",
    "zapto.org",
    "sytes.net",
];

/// All generators. Families that the test set holds are left out on purpose.
pub const ALL: &[Generator] = &[
    one(
        "bamital",
        Make::Letters(HEX, 32, 32),
        &["info", "org", "co.cc", "cz.cc"],
    ),
    one("banjori", Make::Mutated(4), &["com"]),
    one("bedep", Make::Letters(ALNUM, 12, 18), &["com"]),
    one(
        "chinad",
        Make::Letters(ALNUM, 16, 16),
        &["com", "org", "net", "biz", "info", "ru", "cn"],
    ),
    one("corebot", Make::Letters(ALNUM, 12, 23), &["ddns.net"]),
    one("dircrypt", Make::Letters(AZ, 8, 20), &["com"]),
    one(
        "dyre",
        Make::Letters(HEX, 34, 34),
        &["cc", "ws", "to", "in", "hk", "cn", "tk", "so"],
    ),
    one("fobber", Make::Letters(AZ, 10, 17), &["net", "com"]),
    one("hesperbot", Make::Letters(AZ, 8, 24), &["com"]),
    one("kraken", Make::WithEnding(4, 9), DYNAMIC),
    one("kraken-2", Make::WithEnding(4, 9), COMMON),
    one("locky", Make::Letters(AY, 5, 17), MANY),
    one("murofet", Make::Letters(AZ, 8, 16), COMMON),
    one("murofet-2", Make::Letters(ALNUM, 32, 47), COMMON),
    one(
        "mydoom",
        Make::Letters("qwphedamns", 10, 10),
        &["com", "biz", "us", "net", "org", "ws", "info", "in"],
    ),
    one("newgoz", Make::Letters(ALNUM, 18, 28), COMMON),
    one(
        "nymaim",
        Make::Letters(AZ, 5, 12),
        &["com", "org", "net", "info", "ru", "in", "xyz", "biz"],
    ),
    one("proslikefan", Make::Letters(AZ, 6, 12), MANY),
    one("pushdo", Make::Syllables(8, 12, 8), &["kz", "com"]),
    one(
        "qadars",
        Make::Letters(ALNUM, 12, 12),
        &["com", "org", "net", "top"],
    ),
    one("qakbot", Make::Letters(AZ, 8, 25), COMMON),
    one(
        "ramnit",
        Make::Letters(AY, 8, 19),
        &["com", "eu", "click", "bid"],
    ),
    one("rovnix", Make::Words(3, 5, 12, 23), COMMON),
    one(
        "shiotob",
        Make::Letters("abcdefghijklmnopqrstuvwxyz123456789", 10, 15),
        &["net", "com"],
    ),
    one("sphinx", Make::Letters(AZ, 16, 16), &["com"]),
    one("suppobox", Make::Words(2, 2, 10, 22), &["net", "ru"]),
    one("szribi", Make::Letters("qwertyuiopasdfg", 8, 8), &["com"]),
    one("tempedreve", Make::Letters(AZ, 7, 11), COMMON),
    one(
        "tinba",
        Make::Letters(AZ, 12, 12),
        &["com", "net", "in", "ru", "pw", "space"],
    ),
    one("tofsee", Make::FewLetters(7, 8), &["biz", "ch"]),
    one("torpig", Make::Letters(AZ, 7, 10), COMMON),
    one("virut", Make::Letters(AZ, 6, 6), &["com"]),
    // Kinds rather than families, so that the next family is no surprise.
    one("any-letters", Make::Letters(AZ, 6, 24), MANY),
    one("any-letters-2", Make::Letters(AZ, 5, 12), MANY),
    one("few-letters", Make::FewLetters(7, 20), MANY),
    one("few-letters-2", Make::FewLetters(10, 18), MANY),
    one("syllables", Make::Syllables(6, 14, 0), MANY),
    one("syllables-2", Make::Syllables(5, 12, 4), MANY),
    one("syllables-3", Make::Syllables(7, 14, 6), MANY),
    one("syllables-4", Make::Syllables(7, 16, 5), DYNAMIC),
    one("words", Make::Words(3, 6, 18, 32), MANY),
    one("words-2", Make::Words(4, 6, 24, 34), COMMON),
    one("broken-words", Make::BrokenWords(12, 26), MANY),
    one("broken-words-2", Make::BrokenWords(12, 26), COMMON),
];

const fn one(name: &'static str, make: Make, suffixes: &'static [&'static str]) -> Generator {
    Generator {
        name,
        make,
        suffixes,
    }
}

impl Generator {
    /// The next domain.
    pub fn next(&self, chance: &mut Chance, words: &[&str]) -> String {
        let label = self.label(chance, words);
        format!("{label}.{}", chance.one(self.suffixes))
    }

    fn label(&self, chance: &mut Chance, words: &[&str]) -> String {
        match &self.make {
            Make::Letters(alphabet, least, most) => {
                let length = chance.between(*least, *most);
                (0..length).map(|_| chance.letter(alphabet)).collect()
            }
            Make::FewLetters(least, most) => {
                let count = chance.between(7, 14);
                let alphabet: String = (0..count).map(|_| chance.letter(AZ)).collect();
                let length = chance.between(*least, *most);
                (0..length).map(|_| chance.letter(&alphabet)).collect()
            }
            Make::Syllables(least, most, doubled) => {
                let length = chance.between(*least, *most);
                let vowels = if chance.below(2) == 0 {
                    "aeiouy"
                } else {
                    "aeiou"
                };
                let mut vowel = chance.below(2) == 0;
                let mut label = String::new();
                while label.len() < length {
                    label.push(chance.letter(if vowel {
                        vowels
                    } else {
                        "bcdfghjklmnpqrstvwxz"
                    }));
                    if chance.below(20) >= *doubled {
                        vowel = !vowel;
                    }
                }
                label
            }
            Make::Words(least, most, shortest, longest) => loop {
                let count = chance.between(*least, *most);
                let label: String = (0..count).map(|_| chance.one(words)).collect();
                if (*shortest..=*longest).contains(&label.len()) {
                    break label;
                }
            },
            Make::BrokenWords(least, most) => {
                let length = chance.between(*least, *most);
                let mut label = String::new();
                while label.len() < length {
                    let word = chance.one(words);
                    let from = chance.below(word.len().saturating_sub(2));
                    let to = chance.between(from + 1, word.len());
                    label.push_str(word.get(from..to).unwrap_or(""));
                }
                label
            }
            Make::Mutated(count) => {
                let word: String = (0..3).map(|_| chance.one(words)).collect();
                let start: String = (0..*count).map(|_| chance.letter(AZ)).collect();
                format!("{start}{}", word.get(*count..).unwrap_or(&word))
            }
            Make::WithEnding(least, most) => {
                let length = chance.between(*least, *most);
                let start: String = (0..length).map(|_| chance.letter(AZ)).collect();
                let ending = [
                    "", "able", "dom", "hood", "ment", "ness", "ship", "ency", "ly", "ing", "ed",
                ];
                format!("{start}{}", chance.one(&ending))
            }
        }
    }
}
