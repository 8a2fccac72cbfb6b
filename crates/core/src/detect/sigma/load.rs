//! From rule files to a [`RuleSet`]: reads the documents, fills placeholders in, joins filters, ties
//! correlations to the rules they count, and keeps a reason for whatever cannot apply.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::correlation::{Correlation, Draft, MAX_CORRELATIONS};
use super::document::{self, Document};
use super::expression::Expression;
use super::filter::{Filter, Source};
use super::placeholder::Placeholders;
use super::predicate::{Predicate, Predicates};
use super::rule::{Rule, RuleKind};
use super::skip::{Skip, SkipReason, Skipped, skip};
use super::taxonomy::Route;
use super::{Compiled, Joined, MAX_RULES, RuleIndex, RuleSet, aggregation, detection, place};

/// Most ways from a rule to a correlation that counts it, all together.
const MAX_WAYS: usize = 65_536;

/// Most parts that filters may add to all rules together.
const MAX_JOINED: usize = 4_000_000;

/// Reads `files` (name and text).
pub(super) fn load<'f>(files: impl Iterator<Item = (&'f str, &'f str)>) -> (RuleSet, Vec<Skipped>) {
    let mut loader = Loader::default();
    let mut documents = Vec::new();
    for (file, text) in files {
        for (number, document) in (1_u32..).zip(document::documents(text)) {
            match document {
                Ok(document) => documents.push(Origin {
                    file: Arc::from(file),
                    number,
                    document,
                }),
                Err(reason) => loader.left_out(file, None, reason),
            }
        }
    }
    for origin in &documents {
        if let Some(map) = origin.document.map("placeholders") {
            let added = loader.placeholders.add(map);
            loader.note(origin, added);
        }
    }
    let of = |key: &'static str| documents.iter().filter(move |origin| origin.kind() == key);
    let mut drafts = Vec::new();
    for origin in of("detection") {
        let mut counting = None;
        let read = loader.rule(origin, &mut counting);
        loader.note(origin, read);
        drafts.extend(counting.map(|(rule, draft)| (origin, rule, draft)));
    }
    for origin in of("filter") {
        let read = loader.filter(origin);
        loader.note(origin, read);
    }
    loader.correlations(of("correlation"), drafts);
    loader.into_set()
}

/// A document and where it stood.
struct Origin {
    file: Arc<str>,
    /// Its place in the file, from 1.
    number: u32,
    document: Document,
}

impl Origin {
    /// Which sort of document it is.
    fn kind(&self) -> &'static str {
        let sorts = ["correlation", "filter", "placeholders"];
        let found = sorts.into_iter().find(|key| self.document.has(key));
        found.unwrap_or("detection")
    }

    /// The name of the file without folders and ending, and with the document's place if it is not
    /// the first.
    fn name(&self) -> String {
        let name = self.file.rsplit(['/', '\\']).next().unwrap_or(&self.file);
        let ending = [".yml", ".yaml"]
            .iter()
            .find_map(|end| name.strip_suffix(end));
        let name = ending.unwrap_or(name);
        if self.number == 1 {
            name.to_owned()
        } else {
            format!("{name}-{}", self.number)
        }
    }
}

#[derive(Default)]
struct Loader {
    placeholders: Placeholders,
    predicates: Predicates,
    about: Vec<Rule>,
    compiled: Vec<Compiled>,
    sources: Vec<Source>,
    correlations: Vec<Correlation>,
    joined: Vec<Joined>,
    joined_parts: usize,
    /// Rules by id, or by name.
    by_name: BTreeMap<String, u32>,
    /// Rules by name within a file, which comes before a name elsewhere.
    by_file: BTreeMap<(Arc<str>, String), u32>,
    ids: BTreeSet<Arc<str>>,
    /// Rules that a correlation counts: whether one of them lets them report.
    counted: BTreeMap<u32, bool>,
    skipped: Vec<Skipped>,
}

impl Loader {
    fn left_out(&mut self, file: &str, document: Option<&Document>, (reason, detail): Skip) {
        let text = |key: &str| document.and_then(|document| document.text(key));
        self.skipped.push(Skipped {
            file: file.to_owned(),
            id: text("id").or_else(|| text("name")).unwrap_or_default(),
            title: text("title").unwrap_or_default(),
            level: text("level").unwrap_or_default(),
            reason,
            detail,
        });
    }

    fn note(&mut self, origin: &Origin, result: Result<(), Skip>) {
        if let Err(reason) = result {
            self.left_out(&origin.file, Some(&origin.document), reason);
        }
    }

    /// Reads a rule; of one that counts in the old way, what it counts goes to `counting`.
    fn rule(&mut self, origin: &Origin, counting: &mut Option<(Rule, Draft)>) -> Result<(), Skip> {
        let document = &origin.document;
        let rule = Rule::read(&origin.file, &origin.name(), document)?;
        let Some(source) = document.map("logsource") else {
            return skip(SkipReason::Incomplete, "logsource");
        };
        let source = Source::read(source);
        let [category, product, service] = source.parts();
        let route = Route::new(category, product, service)?;
        let Some(map) = document.map("detection") else {
            return skip(SkipReason::Incomplete, "detection");
        };
        let counted = format!("{} (counted)", rule.id);
        let split = aggregation::split(map, &counted)?;
        let map = split.as_ref().map_or(map, |(map, _)| map);
        let expression = detection::read(map, &self.placeholders, &mut self.predicates)?;
        if let Some((_, draft)) = split {
            let mut inner = rule.clone();
            inner.id = Arc::from(counted);
            inner.name = None;
            self.add(origin, inner)?;
            *counting = Some((rule, draft));
        } else {
            self.add(origin, rule)?;
        }
        self.compiled.push(Compiled { route, expression });
        self.sources.push(source);
        Ok(())
    }

    /// Gives a rule its number.
    fn add(&mut self, origin: &Origin, rule: Rule) -> Result<(), Skip> {
        if self.about.len() >= MAX_RULES {
            return skip(SkipReason::TooMany, "rules");
        }
        if !self.ids.insert(Arc::clone(&rule.id)) {
            return skip(SkipReason::DuplicateId, &*rule.id);
        }
        let number = u32::try_from(self.about.len()).unwrap_or(u32::MAX);
        let names = [Some(&rule.id), rule.name.as_ref()];
        for name in names.into_iter().flatten() {
            self.by_name.entry(name.to_string()).or_insert(number);
            let here = (Arc::clone(&origin.file), name.to_string());
            self.by_file.entry(here).or_insert(number);
        }
        self.about.push(rule);
        Ok(())
    }

    fn find(&self, file: &Arc<str>, name: &str) -> Option<u32> {
        let here = (Arc::clone(file), name.to_owned());
        let found = self.by_file.get(&here).or_else(|| self.by_name.get(name));
        found.copied()
    }

    fn filter(&mut self, origin: &Origin) -> Result<(), Skip> {
        let filter = Filter::read(&origin.document)?;
        let unknown: Vec<&str> = filter
            .named()
            .filter(|name| self.find(&origin.file, name).is_none())
            .collect();
        let joined = detection::read(&filter.detection, &self.placeholders, &mut self.predicates)?;
        let mut rules = 0;
        let each = self.about.iter().zip(&self.sources).zip(&mut self.compiled);
        for ((about, source), compiled) in each {
            let names = [Some(&about.id), about.name.as_ref()];
            if filter.is_for(names.into_iter().flatten().map(|name| &**name), source) {
                self.joined_parts += joined.size();
                if self.joined_parts > MAX_JOINED {
                    return skip(SkipReason::TooMany, "filters");
                }
                let rule = std::mem::replace(&mut compiled.expression, Expression::and(vec![]));
                compiled.expression = Expression::and(vec![rule, joined.clone()]);
                rules += 1;
            }
        }
        if rules > 0 {
            let text = |key: &str| origin.document.text(key).unwrap_or_default();
            self.joined.push(Joined {
                file: origin.file.to_string(),
                id: text("id"),
                title: text("title"),
                rules,
            });
        }
        match (unknown.is_empty(), rules) {
            (false, _) => skip(SkipReason::Reference, unknown.join(", ")),
            (true, 0) => skip(SkipReason::Reference, "no rule of this log source"),
            (true, _) => Ok(()),
        }
    }

    /// Reads all correlations, those that count others after them.
    fn correlations<'o>(
        &mut self,
        origins: impl Iterator<Item = &'o Origin>,
        mut waiting: Vec<(&'o Origin, Rule, Draft)>,
    ) {
        for origin in origins {
            let read = Rule::read(&origin.file, &origin.name(), &origin.document)
                .and_then(|rule| Ok((rule, Draft::read(&origin.document)?)));
            match read {
                Ok((rule, draft)) => waiting.push((origin, rule, draft)),
                Err(reason) => self.left_out(&origin.file, Some(&origin.document), reason),
            }
        }
        loop {
            let before = waiting.len();
            for (origin, rule, draft) in std::mem::take(&mut waiting) {
                let inputs: Option<Vec<u32>> = draft
                    .rules
                    .iter()
                    .map(|name| self.find(&origin.file, name))
                    .collect();
                match inputs {
                    Some(inputs) => {
                        let generate = draft.generate;
                        let tied = self.tie(origin, rule, draft, &inputs);
                        if tied.is_ok() {
                            self.count(inputs, generate);
                        } else {
                            self.hush(origin, inputs);
                        }
                        self.note(origin, tied);
                    }
                    None => waiting.push((origin, rule, draft)),
                }
            }
            if waiting.len() == before || waiting.is_empty() {
                break;
            }
        }
        for (origin, _, draft) in waiting {
            let find = |name: &&String| self.find(&origin.file, name);
            let there = draft.rules.iter().filter_map(|name| find(&name)).collect();
            let missing = draft.rules.iter().filter(|name| find(name).is_none());
            let missing: Vec<&str> = missing.map(String::as_str).collect();
            let reason = (SkipReason::Reference, missing.join(", "));
            self.hush(origin, there);
            self.left_out(&origin.file, Some(&origin.document), reason);
        }
    }

    /// Ties a correlation to the rules it counts.
    fn tie(
        &mut self,
        origin: &Origin,
        mut rule: Rule,
        draft: Draft,
        inputs: &[u32],
    ) -> Result<(), Skip> {
        if self.correlations.len() >= MAX_CORRELATIONS {
            return skip(SkipReason::TooMany, "correlations");
        }
        let late = inputs.iter().find(|input| {
            let counted = self.correlation_of(**input);
            counted.is_some_and(|correlation| correlation.late)
        });
        if let Some(late) = late {
            let name = self.about.get(place(*late)).map(|rule| rule.id.to_string());
            let detail = format!("{} is only known at its end", name.unwrap_or_default());
            return skip(SkipReason::Correlation, detail);
        }
        let number = u32::try_from(self.about.len()).unwrap_or(u32::MAX);
        let correlation = draft.over(RuleIndex(number), inputs)?;
        let counted = inputs
            .iter()
            .filter_map(|input| self.about.get(place(*input)));
        rule.inherit(&origin.document, counted);
        rule.kind = RuleKind::Correlation;
        self.add(origin, rule)?;
        self.correlations.push(correlation);
        Ok(())
    }

    /// Marks rules as counted: they report by themselves only if some correlation says so.
    fn count(&mut self, inputs: Vec<u32>, generate: bool) {
        for input in inputs {
            *self.counted.entry(input).or_insert(false) |= generate;
        }
    }

    /// Keeps rules quiet that a correlation of their own file was to count and cannot: by themselves
    /// they mean little.
    fn hush(&mut self, origin: &Origin, inputs: Vec<u32>) {
        let here = |input: &u32| {
            let rule = self.about.get(place(*input));
            rule.is_some_and(|rule| rule.path == origin.file)
        };
        let inputs = inputs.into_iter().filter(here).collect();
        self.count(inputs, false);
    }

    fn correlation_of(&self, number: u32) -> Option<&Correlation> {
        let place = place(number).checked_sub(self.compiled.len())?;
        self.correlations.get(place)
    }

    /// For each rule: the correlations that its events reach, and as which input.
    fn reach(&self) -> Result<Vec<Vec<(u32, u16)>>, Skip> {
        let mut reach = vec![Vec::new(); self.compiled.len()];
        let mut behind: Vec<BTreeSet<u32>> = Vec::new();
        let mut ways = 0_usize;
        for (number, correlation) in (0_u32..).zip(&self.correlations) {
            let mut all = BTreeSet::new();
            for (input, counted) in (0_u16..).zip(&correlation.inputs) {
                let chained = place(counted.rule).checked_sub(self.compiled.len());
                let rules = match chained.and_then(|place| behind.get(place)) {
                    Some(rules) => rules.clone(),
                    None => BTreeSet::from([counted.rule]),
                };
                ways = ways.saturating_add(rules.len());
                if ways > MAX_WAYS {
                    return skip(SkipReason::TooMany, "rules that correlations count");
                }
                for rule in &rules {
                    if let Some(ways) = reach.get_mut(place(*rule)) {
                        ways.push((number, input));
                    }
                }
                all.extend(rules);
            }
            behind.push(all);
        }
        Ok(reach)
    }

    fn into_set(mut self) -> (RuleSet, Vec<Skipped>) {
        for (input, reports) in &self.counted {
            if let Some(rule) = self.about.get_mut(place(*input)) {
                rule.reports = *reports;
            }
        }
        let reach = self.reach();
        let predicates: Vec<Predicate> = std::mem::take(&mut self.predicates).into_all();
        let rules = std::mem::take(&mut self.compiled);
        let assembled = reach.and_then(|reach| Ok((reach, RuleSet::assemble(rules, predicates)?)));
        match assembled {
            Ok((reach, mut set)) => {
                set.reach = reach;
                set.about = self.about;
                set.correlations = self.correlations;
                set.joined = self.joined;
                (set, self.skipped)
            }
            Err((reason, detail)) => {
                self.left_out("", None, (reason, detail));
                (RuleSet::default(), self.skipped)
            }
        }
    }
}
