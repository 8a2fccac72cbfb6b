//! Generators of domain names for training: the kinds of algorithm that published descriptions of malware
//! tell of, each with everything about it (letters, lengths, lists, suffixes) left to chance.
//!
//! No kind is made after one family, and none uses a family's own lists: the model shall know the kind, not
//! the family. See Plohmann et al., "A Comprehensive Measurement Study of Domain Generating Malware"
//! (USENIX Security 2016), whose four types (arithmetic, hash, word list, permutation) these refine.

use std::collections::BTreeSet;

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

    pub fn one<'a, T: AsRef<str>>(&mut self, of: &'a [T]) -> &'a str {
        of.get(self.below(of.len())).map_or("", AsRef::as_ref)
    }

    fn letter(&mut self, of: &str) -> char {
        let at = self.below(of.len());
        of.as_bytes().get(at).map_or('a', |byte| char::from(*byte))
    }

    /// Some letters of `of`, each at most once, in its order.
    fn some_letters(&mut self, of: &str, count: usize) -> String {
        let mut left: Vec<char> = of.chars().collect();
        while left.len() > count {
            left.remove(self.below(left.len()));
        }
        left.into_iter().collect()
    }
}

/// What generators make names of.
pub struct Material {
    /// English words, the more common first.
    pub words: Vec<String>,
    /// The words of a text, one language each.
    pub texts: Vec<Vec<String>>,
}

/// A kind of algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Letters, digits or both at random, or the digits of a hash.
    Letters,
    /// The same, short.
    ShortLetters,
    /// Letters of a small part of the alphabet.
    FewLetters,
    /// Consonant and vowel in turn, now and then two of one kind.
    Syllables,
    /// Syllables of a fixed pool.
    SyllablePool,
    /// A chain that follows which letter comes after which in some language.
    Chain,
    /// English words of a list.
    Words,
    /// Words of a text in some language.
    TextWords,
    /// Pieces of words.
    BrokenWords,
    /// Words some of whose letters are random.
    Mutated,
    /// Random letters with an ending that words have.
    WithEnding,
    /// Letters and digits each in their places.
    Template,
    /// Letters some of which come more often, with a share of vowels and a longest run of consonants.
    Skewed,
    /// Vowels and consonants each in their places, after one or a few patterns.
    Pattern,
    /// The letters of one name in another order, or all but a few of them.
    Permuted,
    /// A short piece two or three times, and a few letters more.
    Repeated,
}

/// All kinds, and how often each is drawn.
pub const KINDS: &[(Kind, usize)] = &[
    (Kind::Letters, 6),
    (Kind::ShortLetters, 5),
    (Kind::FewLetters, 4),
    (Kind::Syllables, 5),
    (Kind::SyllablePool, 4),
    (Kind::Chain, 0),
    (Kind::Words, 9),
    (Kind::TextWords, 4),
    (Kind::BrokenWords, 2),
    (Kind::Mutated, 1),
    (Kind::WithEnding, 1),
    (Kind::Template, 1),
    (Kind::Skewed, 4),
    (Kind::Pattern, 3),
    (Kind::Permuted, 1),
    (Kind::Repeated, 1),
];

/// One of `KINDS` by how often it is drawn, but never `without`.
pub fn any_kind(chance: &mut Chance, without: Option<Kind>) -> Kind {
    loop {
        let all: usize = KINDS.iter().map(|(_, often)| often).sum();
        let mut left = chance.below(all);
        for (kind, often) in KINDS {
            if left < *often {
                if Some(*kind) != without {
                    return *kind;
                }
                break;
            }
            left -= often;
        }
    }
}

const AZ: &str = "abcdefghijklmnopqrstuvwxyz";
const ALNUM: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
const HEX: &str = "0123456789abcdef";
const BASE32: &str = "abcdefghijklmnopqrstuvwxyz234567";
const CONSONANTS: &str = "bcdfghjklmnpqrstvwxz";
const ENDINGS: &[&str] = &[
    "able", "dom", "hood", "ment", "ness", "ship", "ency", "ly", "ing", "ed", "er", "ion",
];
/// Two-letter top levels.
const COUNTRIES: &str = "ac ad ae af ag ai al am ao ar as at au aw az ba bd be bf bg bh bi bj bm bn bo br bs bt \
    bw by bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cx cy cz de dj dk dm do dz ec ee eg es et eu fi fj \
    fk fm fo fr ga gd ge gf gg gh gi gl gm gn gp gr gt gy hk hn hr ht hu id ie il im in io iq ir is it je jm \
    jo jp ke kg kh ki km kn kr kw ky kz la lb lc li lk ls lt lu lv ly ma mc md me mg mk ml mm mn mo mp mr ms \
    mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa \
    re ro rs ru rw sa sb sc sd se sg sh si sk sl sm sn so sr st su sv sx sy sz tc td tf tg tj tk tl tm tn to \
    tr tt tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu ws ye za zm zw";
const COMMON: &[&str] = &["com", "net", "org", "info", "biz"];
const CHEAP: &[&str] = &[
    "top", "xyz", "online", "site", "club", "space", "website", "work", "click", "link", "pro",
    "bid", "win", "date", "party", "men", "loan", "review", "stream", "download", "live", "store",
    "shop", "tech", "fun", "icu", "life", "mobi", "name", "cyou", "buzz", "host", "press",
    "support", "host", "rest", "sbs",
];
/// Services under whose names anyone gets a name of one's own.
pub const HOSTS: &[&str] = &[
    "ddns.net",
    "dyndns.org",
    "yi.org",
    "mooo.com",
    "dynserv.com",
    "no-ip.org",
    "hopto.org",
    "zapto.org",
    "sytes.net",
    "duckdns.org",
    "no-ip.biz",
    "myftp.org",
    "serveftp.com",
    "dyndns.info",
    "homeip.net",
];

/// One invented family.
pub struct Family {
    make: Make,
    suffixes: Vec<String>,
    least: usize,
    most: usize,
}

enum Make {
    Letters(String),
    Syllables {
        vowels: &'static str,
        consonants: String,
        doubled: usize,
    },
    Pool(Vec<String>),
    Chain {
        text: String,
        order: usize,
    },
    Words {
        list: Vec<String>,
        least: usize,
        most: usize,
        digits: usize,
        hyphen: bool,
    },
    BrokenWords(Vec<String>),
    Mutated {
        list: Vec<String>,
        letters: usize,
        start: bool,
    },
    WithEnding,
    Template(Vec<bool>),
    Skewed {
        /// Letters, each as often as its weight.
        bag: String,
        vowels: String,
        run: usize,
    },
    Patterns {
        /// `c` for a consonant, `v` for a vowel.
        patterns: Vec<String>,
        consonants: String,
        vowels: &'static str,
    },
    Permuted {
        label: String,
        swaps: usize,
    },
    Repeated {
        letters: String,
        piece: usize,
    },
}

impl Family {
    /// A family of `kind`, everything else by chance.
    pub fn new(kind: Kind, material: &Material, chance: &mut Chance) -> Self {
        let range = |chance: &mut Chance, least: (usize, usize), span: usize| {
            let least = chance.between(least.0, least.1);
            (least, least + chance.between(0, span))
        };
        let (make, (least, most)) = match kind {
            Kind::Letters => letters(chance),
            Kind::ShortLetters => (Make::Letters(AZ.to_owned()), range(chance, (4, 8), 5)),
            Kind::FewLetters => {
                let alphabet = if chance.below(2) == 0 { AZ } else { ALNUM };
                let count = chance.between(7, 16);
                let few = if chance.below(2) == 0 {
                    alphabet.get(..count).unwrap_or(AZ).to_owned()
                } else {
                    chance.some_letters(AZ, count)
                };
                (Make::Letters(few), range(chance, (8, 18), 6))
            }
            Kind::Syllables => {
                let count = chance.between(9, 20);
                let make = Make::Syllables {
                    vowels: ["aeiou", "aeiouy", "aeiou", "aeio"]
                        .get(chance.below(4))
                        .unwrap_or(&"aeiou"),
                    consonants: chance.some_letters(CONSONANTS, count),
                    doubled: [0, 0, 2, 4, 6].get(chance.below(5)).copied().unwrap_or(0),
                };
                (make, range(chance, (5, 12), 6))
            }
            Kind::SyllablePool => (Make::Pool(pool(chance)), range(chance, (6, 11), 6)),
            Kind::Chain => {
                let words = some_words(material, chance, 2_000);
                let make = Make::Chain {
                    text: words.join(" "),
                    order: chance.between(1, 2),
                };
                (make, range(chance, (6, 12), 6))
            }
            Kind::Words => words(material, chance),
            Kind::TextWords => text_words(material, chance),
            Kind::BrokenWords => (
                Make::BrokenWords(some_words(material, chance, 1_000)),
                range(chance, (9, 20), 6),
            ),
            Kind::Mutated => {
                let make = Make::Mutated {
                    list: some_words(material, chance, 1_000),
                    letters: chance.between(2, 5),
                    start: chance.below(2) == 0,
                };
                (make, (10, 24))
            }
            Kind::WithEnding => (Make::WithEnding, range(chance, (5, 10), 4)),
            Kind::Template => {
                let long = chance.between(7, 16);
                let digits = (0..long).map(|_| chance.below(3) == 0).collect();
                (Make::Template(digits), (long, long))
            }
            Kind::Skewed => skewed(chance),
            Kind::Pattern => patterns(chance),
            Kind::Permuted => permuted(material, chance),
            Kind::Repeated => repeated(chance),
        };
        Self {
            make,
            suffixes: suffixes(chance),
            least,
            most,
        }
    }

    /// The next name.
    pub fn next(&self, chance: &mut Chance) -> String {
        let long = chance.between(self.least, self.most);
        let label = self.label(long, chance);
        format!("{label}.{}", chance.one(&self.suffixes))
    }

    fn label(&self, long: usize, chance: &mut Chance) -> String {
        match &self.make {
            Make::Letters(alphabet) => (0..long).map(|_| chance.letter(alphabet)).collect(),
            Make::Syllables {
                vowels,
                consonants,
                doubled,
            } => {
                let mut vowel = chance.below(2) == 0;
                let mut label = String::new();
                while label.len() < long {
                    label.push(chance.letter(if vowel { vowels } else { consonants }));
                    vowel ^= chance.below(20) >= *doubled;
                }
                label
            }
            Make::Pool(pool) => {
                let mut label = String::new();
                while label.len() < long {
                    label.push_str(chance.one(pool));
                }
                label
            }
            Make::Chain { text, order } => chain(text, *order, long, chance),
            Make::Words {
                list,
                least,
                most,
                digits,
                hyphen,
            } => self.words(list, (*least, *most), *digits, *hyphen, chance),
            Make::BrokenWords(list) => {
                let mut label = String::new();
                while label.len() < long {
                    let word = chance.one(list);
                    let from = chance.below(word.len().saturating_sub(2));
                    let to = chance.between(from + 1, word.len());
                    label.push_str(word.get(from..to).unwrap_or(""));
                }
                label
            }
            Make::Mutated {
                list,
                letters,
                start,
            } => self.mutated(list, *letters, *start, chance),
            Make::WithEnding => {
                let start: String = (0..long).map(|_| chance.letter(AZ)).collect();
                format!("{start}{}", chance.one(ENDINGS))
            }
            Make::Template(digits) => digits
                .iter()
                .map(|digit| chance.letter(if *digit { "0123456789" } else { AZ }))
                .collect(),
            make => invented(make, long, chance),
        }
    }

    fn mutated(&self, list: &[String], letters: usize, start: bool, chance: &mut Chance) -> String {
        let mut label: Vec<char> = chance.one(list).chars().collect();
        while label.len() < self.least {
            label.extend(chance.one(list).chars());
        }
        for turn in 0..letters {
            let at = if start {
                turn
            } else {
                chance.below(label.len())
            };
            let letter = chance.letter(AZ);
            if let Some(place) = label.get_mut(at) {
                *place = letter;
            }
        }
        label.into_iter().collect()
    }

    fn words(
        &self,
        list: &[String],
        (least, most): (usize, usize),
        digits: usize,
        hyphen: bool,
        chance: &mut Chance,
    ) -> String {
        let mut label = String::new();
        for _ in 0..200 {
            let count = chance.between(least, most);
            let words: Vec<&str> = (0..count).map(|_| chance.one(list)).collect();
            label = words.join(if hyphen { "-" } else { "" });
            if (self.least..=self.most).contains(&label.len()) {
                break;
            }
        }
        label.truncate(60);
        for _ in 0..digits {
            label.push(chance.letter("0123456789"));
        }
        label
    }
}

fn letters(chance: &mut Chance) -> (Make, (usize, usize)) {
    let alphabet = match chance.below(20) {
        0..=10 => AZ,
        11 | 12 => AZ.get(..chance.between(15, 25)).unwrap_or(AZ),
        13..=15 => ALNUM,
        16 => BASE32,
        _ => HEX,
    };
    let least = if alphabet == HEX {
        chance.between(8, 32)
    } else {
        chance.between(7, 24)
    };
    let span = if chance.below(3) == 0 {
        0
    } else {
        chance.between(1, 10)
    };
    (Make::Letters(alphabet.to_owned()), (least, least + span))
}

/// The label of a kind that knows nothing of words.
fn invented(make: &Make, long: usize, chance: &mut Chance) -> String {
    match make {
        Make::Skewed { bag, vowels, run } => {
            let (mut label, mut since) = (String::new(), 0);
            while label.len() < long {
                let letter = chance.letter(if since < *run { bag } else { vowels });
                since = if vowels.contains(letter) {
                    0
                } else {
                    since + 1
                };
                label.push(letter);
            }
            label
        }
        Make::Patterns {
            patterns,
            consonants,
            vowels,
        } => chance
            .one(patterns)
            .to_owned()
            .chars()
            .map(|one| chance.letter(if one == 'v' { vowels } else { consonants }))
            .collect(),
        Make::Permuted { label, swaps } => {
            let mut label: Vec<char> = label.chars().collect();
            for _ in 0..*swaps {
                let (one, other) = (chance.below(label.len()), chance.below(label.len()));
                label.swap(one, other);
            }
            label.into_iter().collect()
        }
        Make::Repeated { letters, piece } => {
            let first = chance.letter(AZ);
            let piece: String = (0..*piece).map(|_| chance.letter(letters)).collect();
            let mut label = format!("{first}{piece}").repeat(2);
            while label.len() < long {
                label.push(chance.letter(AZ));
            }
            label
        }
        _ => String::new(),
    }
}

/// Letters by weights that follow no language; one in ten to six in ten are vowels.
fn skewed(chance: &mut Chance) -> (Make, (usize, usize)) {
    let kept = chance.between(2, 5);
    let vowels = chance.some_letters("aeiou", kept);
    let kept = chance.between(8, 20);
    let consonants = chance.some_letters(CONSONANTS, kept);
    let share = chance.between(10, 60);
    let steep = chance.between(1, 4);
    let mut bag = String::new();
    for _ in 0..100 {
        let of = if chance.below(100) < share {
            &vowels
        } else {
            &consonants
        };
        // The smallest of several draws: the steeper, the more often come the first letters.
        let at = (0..steep).map(|_| chance.below(of.len())).min();
        bag.extend(of.chars().nth(at.unwrap_or(0)));
    }
    let run = chance.between(1, 6);
    let least = chance.between(6, 14);
    let most = least + chance.between(0, 6);
    (Make::Skewed { bag, vowels, run }, (least, most))
}

fn patterns(chance: &mut Chance) -> (Make, (usize, usize)) {
    let pieces = ["cv", "vc", "cvc", "ccv", "cvv", "cv", "cvcc"];
    let patterns = (0..chance.between(1, 6))
        .map(|_| {
            let long = chance.between(6, 13);
            let mut pattern = String::new();
            while pattern.len() < long {
                pattern.push_str(chance.one(&pieces));
            }
            pattern
        })
        .collect();
    let kept = chance.between(8, 20);
    let make = Make::Patterns {
        patterns,
        consonants: chance.some_letters(CONSONANTS, kept),
        vowels: ["aeiou", "aeiouy", "aeo"]
            .get(chance.below(3))
            .unwrap_or(&"aeiou"),
    };
    (make, (0, 0))
}

fn repeated(chance: &mut Chance) -> (Make, (usize, usize)) {
    let letters = [AZ, "aeiou", ALNUM].get(chance.below(3)).unwrap_or(&AZ);
    let make = Make::Repeated {
        letters: (*letters).to_owned(),
        piece: chance.between(2, 4),
    };
    let least = chance.between(7, 10);
    (make, (least, least + chance.between(0, 4)))
}

fn permuted(material: &Material, chance: &mut Chance) -> (Make, (usize, usize)) {
    let words = some_words(material, chance, 200);
    let count = chance.between(2, 3);
    let label: String = (0..count).map(|_| chance.one(&words)).collect();
    let swaps = chance.between(3, 12);
    (Make::Permuted { label, swaps }, (0, 0))
}

/// Syllables: consonant and vowel, vowel and consonant, or closed on both sides.
fn pool(chance: &mut Chance) -> Vec<String> {
    let count = chance.between(12, 80);
    let mix: [usize; 4] = [0; 4].map(|_: usize| chance.below(4));
    let all = mix.iter().sum::<usize>().max(1);
    let kept = chance.between(10, 20);
    let consonants = chance.some_letters(CONSONANTS, kept);
    (0..count)
        .map(|_| {
            let mut turn = chance.below(all);
            let form = mix.iter().position(|share| {
                let here = turn < *share;
                turn = turn.saturating_sub(*share);
                here
            });
            let form = ["cv", "vc", "cvc", "ccv"]
                .get(form.unwrap_or(0))
                .copied()
                .unwrap_or("cv");
            form.chars()
                .map(|one| chance.letter(if one == 'v' { "aeiou" } else { &consonants }))
                .collect()
        })
        .collect()
}

/// Some English words: of the most common, of the common, or of all.
fn some_words(material: &Material, chance: &mut Chance, most: usize) -> Vec<String> {
    let from = [1_500, 4_000, 12_000, usize::MAX]
        .get(chance.below(4))
        .copied()
        .unwrap_or(4_000);
    let least_letters = chance.between(2, 4);
    let most_letters = chance.between(8, 13);
    let common: Vec<&String> = material
        .words
        .iter()
        .take(from)
        .filter(|word| (least_letters..=most_letters).contains(&word.len()))
        .collect();
    let count = chance.between(60, most);
    (0..count)
        .filter_map(|_| {
            common
                .get(chance.below(common.len()))
                .map(|word| (*word).clone())
        })
        .collect()
}

fn words(material: &Material, chance: &mut Chance) -> (Make, (usize, usize)) {
    let (least, most) = [(2, 2), (2, 3), (3, 3), (3, 4), (3, 6), (4, 6), (2, 5)]
        .get(chance.below(7))
        .copied()
        .unwrap_or((2, 3));
    let make = Make::Words {
        list: some_words(material, chance, 2_000),
        least,
        most,
        digits: if chance.below(12) == 0 {
            chance.between(1, 3)
        } else {
            0
        },
        hyphen: chance.below(20) == 0,
    };
    let shortest = chance.between(9, 14).max(least * 5);
    (make, (shortest, shortest + chance.between(5, 20)))
}

fn text_words(material: &Material, chance: &mut Chance) -> (Make, (usize, usize)) {
    let text = material.texts.get(chance.below(material.texts.len()));
    let letters = chance.between(2, 4);
    let list: Vec<String> = text
        .into_iter()
        .flatten()
        .filter(|word| word.len() >= letters)
        .cloned()
        .collect();
    let (least, most) = [(2, 2), (2, 3), (2, 4), (3, 5)]
        .get(chance.below(4))
        .copied()
        .unwrap_or((2, 3));
    let shortest = chance.between(9, 14);
    let make = Make::Words {
        list,
        least,
        most,
        digits: 0,
        hyphen: false,
    };
    (make, (shortest, shortest + chance.between(6, 16)))
}

/// Shannon's way to follow a language: look up the last letters at a random place of a text and take what
/// follows there.
fn chain(text: &str, order: usize, long: usize, chance: &mut Chance) -> String {
    let text = text.as_bytes();
    let mut label: Vec<u8> = Vec::new();
    while label.len() < long {
        let from = chance.below(text.len());
        let last = label
            .get(label.len().saturating_sub(order)..)
            .unwrap_or(&[]);
        let around = text.iter().skip(from).chain(text.iter().take(from));
        let turned: Vec<u8> = around.copied().take(4_000).collect();
        let next = turned
            .windows(last.len() + 1)
            .find_map(|window| {
                let (next, before) = window.split_last()?;
                (before == last && next.is_ascii_lowercase()).then_some(*next)
            })
            .unwrap_or(b'e');
        label.push(next);
    }
    String::from_utf8(label).unwrap_or_default()
}

fn suffixes(chance: &mut Chance) -> Vec<String> {
    let countries: Vec<&str> = COUNTRIES.split_whitespace().collect();
    let mut found = BTreeSet::new();
    let mut some = |from: &[&str], count: usize, chance: &mut Chance| {
        for _ in 0..count {
            found.insert(chance.one(from).to_owned());
        }
    };
    match chance.below(20) {
        0..=3 => some(&["com"], 1, chance),
        4..=8 => {
            let count = chance.between(1, 6);
            some(COMMON, count, chance);
        }
        9..=11 => {
            let count = chance.between(1, 4);
            some(COMMON, count, chance);
            let count = chance.between(1, 8);
            some(&countries, count, chance);
        }
        12..=15 => {
            let count = chance.between(10, 90);
            some(&countries, count, chance);
            some(COMMON, 4, chance);
            let second: Vec<String> = (0..count / 4)
                .map(|_| format!("{}.{}", chance.one(&["com", "co"]), chance.one(&countries)))
                .collect();
            found.extend(second);
        }
        16 | 17 => {
            let count = chance.between(1, 6);
            some(CHEAP, count, chance);
            some(COMMON, 1, chance);
        }
        _ => {
            let count = chance.between(1, 3);
            some(HOSTS, count, chance);
        }
    }
    found.into_iter().collect()
}
