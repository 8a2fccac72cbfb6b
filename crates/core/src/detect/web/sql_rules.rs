//! Sequences of SQL tokens that values of honest visitors do not hold.

use super::sql::{Class, Context, Token, tokens};
use super::sql_functions::{is_mathematics, known_function};
use super::sql_view::View;
use super::{Kind, Verdict};

/// Reads `value` bare, and as the inside of a string where it holds a quote.
pub(super) fn read(value: &str, verdict: &mut Verdict) {
    if is_formula(value) {
        return;
    }
    if value.contains("\\'") || value.contains("\\\"") {
        // Where the server doubles a backslash, it ends the string none the less.
        scan(&value.replace('\\', ""), verdict);
    }
    scan(value, verdict);
}

/// `=SUM(A1:A9)`: a formula of a spreadsheet.
fn is_formula(value: &str) -> bool {
    let name = value.strip_prefix('=').unwrap_or("");
    let end = name.find('(').unwrap_or(0);
    let (name, after) = name.split_at_checked(end).unwrap_or(("", ""));
    (2..=16).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_uppercase())
        && !after.contains(['\'', '@', ';'])
        && !after.to_ascii_lowercase().contains("select")
}

fn scan(value: &str, verdict: &mut Verdict) {
    let mut contexts = vec![Context::Bare];
    for quote in [b'\'', b'"', b'`'] {
        if value.as_bytes().contains(&quote) {
            contexts.push(Context::Quoted(quote));
        }
    }
    for context in contexts {
        let (found, hidden) = tokens(value, context);
        if hidden >= 2 && found.len() >= 2 {
            verdict.add(Kind::Sql, 3, "sql-hidden-comments");
        }
        for at in 0..found.len() {
            let view = View {
                tokens: &found,
                at,
                quoted: context != Context::Bare,
                hidden: hidden > 0,
            };
            judge(&view, verdict);
        }
    }
    let plain = value.replace("/**/", "");
    if plain.len() != value.len() {
        let (found, _) = tokens(&plain, Context::Bare);
        for at in 0..found.len() {
            judge(
                &View {
                    tokens: &found,
                    at,
                    quoted: false,
                    hidden: true,
                },
                verdict,
            );
        }
    }
}

fn judge(view: &View<'_>, verdict: &mut Verdict) {
    let Some(class) = view.class(0) else {
        return;
    };
    match class {
        Class::Union => union(view, verdict),
        Class::Select => select(view, verdict),
        Class::Logic => logic(view, verdict),
        Class::Verb => verb(view, verdict),
        Class::Word => word(view, verdict),
        Class::Comment => comment(view, verdict),
        Class::Compare => compare(view, verdict),
        Class::Sum => sum(view, verdict),
        Class::Semicolon => stacked(view, verdict),
        Class::Function => function(view, verdict),
        _ => {}
    }
}

fn union(view: &View<'_>, verdict: &mut Verdict) {
    let mut after = 1;
    while matches!(
        view.class(after),
        Some(Class::Open | Class::Sign | Class::Other | Class::Number | Class::Comment)
    ) || view.is(after, "all")
    {
        after += 1;
    }
    // Cut off after the word: only what hides it shows that it is no English.
    if view.token(after).is_none() && view.after_value() && view.hidden {
        verdict.add(Kind::Sql, 5, "sql-union");
    }
    if view.class(after) != Some(Class::Select) && !view.is(after, "values") {
        return;
    }
    let values = !matches!(
        view.class(after + 1),
        Some(Class::Name | Class::Word | Class::Logic | Class::Verb)
    ) || view.is(after + 1, "all");
    let list = matches!(
        view.class(after + 2),
        Some(Class::Comma | Class::Compare | Class::Comment)
    ) || view.class(after + 2).is_none() && view.after_value()
        || view.is(after + 2, "from");
    if values || list {
        verdict.add(Kind::Sql, 5, "sql-union");
        verdict.add(Kind::Sql, 3, "sql-union-select");
    }
}

fn select(view: &View<'_>, verdict: &mut Verdict) {
    let rest = view.rest(1);
    let enclosed = view.before().is_some_and(|token| {
        matches!(
            token.class,
            Class::Open
                | Class::Close
                | Class::Number
                | Class::Text
                | Class::Semicolon
                | Class::Compare
                | Class::Sum
                | Class::Sign
                | Class::Logic
                | Class::Comma
        )
    });
    // The word itself in quotes.
    if view.quoted && rest.first().is_some_and(|token| token.class == Class::Text) && !view.hidden {
        return;
    }
    match rest.iter().position(|token| token.is("from")) {
        Some(at) if enclosed || lists(rest.get(..at).unwrap_or(&[])) => {
            verdict.add(Kind::Sql, 5, "sql-select-from");
        }
        // "Select from our range": a sentence, for nothing is selected.
        Some(at) if (1..=2).contains(&at) && goes_on(rest) => {
            verdict.add(Kind::Sql, 5, "sql-select-from")
        }
        Some(1) if rest.len() == 3 => verdict.add(Kind::Sql, 3, "sql-select-name"),
        None if is_select_of_value(rest, enclosed) => {
            verdict.add(Kind::Sql, 5, "sql-select-value");
        }
        _ => {}
    }
}

/// Whether what is selected is more than a name. Two names in a row are a sentence, unless something
/// is computed.
fn lists(tokens: &[Token<'_>]) -> bool {
    let sentence = tokens
        .windows(2)
        .any(|pair| pair.iter().all(|token| token.class == Class::Name));
    let computes = tokens
        .iter()
        .any(|token| matches!(token.class, Class::Open | Class::Function));
    if sentence && !computes {
        return false;
    }
    tokens.iter().any(|token| {
        matches!(
            token.class,
            Class::Comma
                | Class::Open
                | Class::Function
                | Class::Sum
                | Class::Constant
                | Class::Number
        )
    })
}

/// Whether a statement `select name from name` goes on as one, and not as a sentence.
fn goes_on(rest: &[Token<'_>]) -> bool {
    let after = || rest.iter().skip(3);
    after().any(|token| matches!(token.class, Class::Comment | Class::Semicolon))
        || rest.len() > 3
            && rest.first().is_some_and(|token| token.class == Class::Text)
            && rest.last().is_some_and(|token| token.is("where"))
        || after().any(|token| token.is("where"))
            && after().any(|token| token.class == Class::Compare)
}

/// Whether `rest` follows a `select` of values without a table.
fn is_select_of_value(rest: &[Token<'_>], enclosed: bool) -> bool {
    let value = rest.first().is_some_and(|token| {
        matches!(
            token.class,
            Class::Number
                | Class::Text
                | Class::Constant
                | Class::Function
                | Class::Open
                | Class::Sign
        )
    });
    let second = rest.get(1).map(|token| token.class);
    let continues =
        rest.len() == 1 || second.is_some_and(|class| !matches!(class, Class::Name | Class::Word));
    value && (enclosed || continues) || enclosed && second == Some(Class::Close)
}

/// `or 1=1`, `and 'a'='a`, `|| 1 --`, `and exists(...)`, `and sleep(5)`.
fn logic(view: &View<'_>, verdict: &mut Verdict) {
    let start = view.skip_signs(1);
    let Some(first) = view.token(start) else {
        return;
    };
    let left = view.after_value()
        || view.before().is_none_or(|token| {
            matches!(
                token.class,
                Class::Open | Class::Name | Class::Comment | Class::Semicolon | Class::Other
            )
        });
    if !left {
        return;
    }
    let bare_text = view
        .before()
        .is_some_and(|token| token.class == Class::Text)
        && !view.quoted;
    let sure = view.after_value() && !bare_text;
    match first.class {
        Class::Select => verdict.add(Kind::Sql, 5, "sql-condition-select"),
        Class::Verb if sure && first.is("if") => {
            verdict.add(Kind::Sql, 5, "sql-condition-select");
        }
        Class::Function if sure && !view.after_own_bracket() || known_function(first.text) => {
            verdict.add(Kind::Sql, 5, "sql-condition-call");
        }
        Class::Word if sure && (first.is("case") || first.is("rownum")) => {
            verdict.add(Kind::Sql, 5, "sql-condition-case");
        }
        Class::Number | Class::Text | Class::Name | Class::Constant => {
            condition(view, start, first, sure, verdict);
        }
        _ => {}
    }
}

/// A value after `or`, at `start`, and what is made of it.
fn condition(view: &View<'_>, start: usize, first: &Token<'_>, sure: bool, verdict: &mut Verdict) {
    let mut end = view.skip_arithmetic(start + 1);
    if view.is(end, "collate") {
        end += 1;
    }
    match view.class(end) {
        Some(Class::Compare) => {
            let right = view.skip_signs(end + 1);
            let named = first.class == Class::Name
                && view
                    .token(right)
                    .is_none_or(|token| token.class == Class::Name);
            let same = view
                .token(right)
                .is_some_and(|token| token.is(first.text) || token.text.starts_with(first.text));
            // `0 = no` explains a number, `"on order"?` asks.
            let explains = !sure
                && view
                    .token(right)
                    .is_none_or(|token| token.class == Class::Name && !token.is(first.text));
            let asks = view
                .token(end)
                .is_some_and(|token| token.text.starts_with('?'))
                && view.token(right).is_none();
            if asks || explains && first.class == Class::Number {
                return;
            }
            let fits = !view.is_word(end) || sure || first.class == Class::Number;
            if fits && !view.is_measure(end) && (!named || same || view.quoted && sure) {
                verdict.add(Kind::Sql, 5, "sql-condition");
            }
        }
        Some(Class::Logic) if !view.quoted && (!sure || first.class == Class::Number) => {}
        Some(Class::Comment | Class::Semicolon | Class::Logic)
            if first.class != Class::Name || sure =>
        {
            verdict.add(Kind::Sql, 5, "sql-condition-cut");
        }
        None if sure && first.class != Class::Name => {
            let compared = view
                .tokens
                .iter()
                .take(view.at)
                .any(|token| token.class == Class::Compare && !token.is("between"));
            // `true or false`, `2 or 3` are English; `1 or 1` is not.
            let same = view
                .before()
                .is_some_and(|token| token.is(first.text) || first.is("null"));
            let sign = first.class == Class::Number
                && view
                    .token(0)
                    .is_some_and(|token| matches!(token.text, "||" | "&&"));
            let odd = view.quoted && view.follows_logic()
                || view.hidden
                || view.at == 1 && (same || sign)
                || compared;
            let short =
                first.class != Class::Text || first.text.len() < 24 && !first.text.contains(' ');
            if odd && short {
                verdict.add(Kind::Sql, 5, "sql-condition-end");
            }
        }
        _ => {}
    }
}

fn function(view: &View<'_>, verdict: &mut Verdict) {
    let Some(name) = view.token(0) else {
        return;
    };
    if !known_function(name.text) {
        return;
    }
    let operated = view.before().is_some_and(|token| {
        matches!(
            token.class,
            Class::Sum | Class::Compare | Class::Select | Class::Sign
        )
    }) && view.at >= 2;
    let nested = view.rest(2).iter().any(|token| {
        matches!(token.class, Class::Select)
            || token.class == Class::Function
                && known_function(token.text)
                && !is_mathematics(token.text)
    });
    if operated && !is_mathematics(name.text)
        || nested
        || (view.at == 0 || view.quoted && view.at == 1)
            && view
                .rest(1)
                .iter()
                .any(|token| matches!(token.class, Class::Constant | Class::Compare))
    {
        verdict.add(Kind::Sql, 5, "sql-function");
    }
}

fn verb(view: &View<'_>, verdict: &mut Verdict) {
    let Some(verb) = view.token(0) else {
        return;
    };
    let verb = verb.text.to_ascii_lowercase();
    if (verb == "drop" || verb == "truncate")
        && view.before().is_none()
        && changes_data(view, &verb)
    {
        // Also half a sentence about furniture.
        verdict.add(
            Kind::Sql,
            if view.token(3).is_some() { 5 } else { 3 },
            "sql-drop",
        );
    } else if changes_data(view, &verb) || runs_code(view, &verb) {
        verdict.add(Kind::Sql, 5, "sql-statement");
    }
}

/// Statements that change rows, tables and accounts.
fn changes_data(view: &View<'_>, verb: &str) -> bool {
    let named = |after: usize| {
        matches!(
            view.class(after),
            Some(Class::Name | Class::Constant | Class::Function | Class::Text)
        )
    };
    match verb {
        "insert" | "replace" | "merge" => {
            let stacked = view
                .before()
                .is_some_and(|token| token.class == Class::Semicolon);
            stacked && named(1) && view.rest(2).iter().any(|token| token.is("values"))
                || view.is(1, "into")
                    && named(2)
                    && view.rest(3).iter().any(|token| {
                        token.is("values") || token.is("select") || token.class == Class::Open
                    })
        }
        "delete" => {
            view.is(1, "from")
                && named(2)
                && (view.ends(3) && view.token(3).is_some() || view.is(3, "where"))
        }
        "update" => named(1) && view.is(2, "set") && view.class(4) == Some(Class::Compare),
        "drop" | "truncate" => {
            OBJECTS.iter().any(|object| view.is(1, object))
                && view.token(2).is_some()
                && view.before().map_or(view.ends(3), |token| {
                    !matches!(token.class, Class::Name | Class::Sign | Class::Word)
                })
        }
        "create" | "alter" => {
            OBJECTS.iter().any(|object| view.is(1, object))
                && named(2)
                && view.token(3).is_some_and(|token| {
                    token.class == Class::Open
                        || token.is("as")
                        || token.is("add")
                        || token.is("change")
                        || token.is("modify")
                        || token.is("rename")
                        || token.is("drop")
                        || token.is("identified")
                        || token.is("returns")
                })
                || view
                    .rest(1)
                    .iter()
                    .any(|token| token.is("identified") || token.is("returns"))
        }
        _ => false,
    }
}

/// Statements that run or load something.
fn runs_code(view: &View<'_>, verb: &str) -> bool {
    match verb {
        "exec" | "execute" => {
            view.token(1).is_some_and(|token| {
                token.text.contains("xp_")
                    || token.text.contains("sp_")
                    || token.text.contains("master")
                    || token.text.starts_with('@')
            }) || view.class(1) == Some(Class::Open)
                && view
                    .rest(2)
                    .first()
                    .is_some_and(|token| matches!(token.class, Class::Text | Class::Constant))
        }
        "declare" => view
            .token(1)
            .is_some_and(|token| token.text.starts_with('@')),
        "waitfor" => view.is(1, "delay") || view.is(1, "time"),
        "shutdown" => {
            view.before()
                .is_some_and(|token| token.class == Class::Semicolon || token.class == Class::Text)
                && view.ends(1)
                || view.is(1, "with")
        }
        "if" => {
            view.class(1) == Some(Class::Open)
                && view
                    .rest(2)
                    .iter()
                    .filter(|token| token.class == Class::Comma)
                    .count()
                    >= 2
                && (view.at > 0
                    || view.rest(2).iter().any(|token| {
                        matches!(
                            token.class,
                            Class::Compare | Class::Function | Class::Select
                        )
                    }))
        }
        "handler" => view.token(1).is_some() && (view.is(2, "open") || view.is(2, "read")),
        "load" => view.is(1, "data") || view.is(1, "xml"),
        "grant" | "revoke" => {
            view.rest(1).iter().any(|token| token.is("on"))
                && view.rest(1).iter().any(|token| token.is("to"))
                && view.at > 0
        }
        _ => false,
    }
}

/// What statements make and unmake.
const OBJECTS: &[&str] = &[
    "table",
    "database",
    "function",
    "procedure",
    "view",
    "user",
    "schema",
    "index",
    "trigger",
    "login",
    "aggregate",
];

fn word(view: &View<'_>, verdict: &mut Verdict) {
    let Some(word) = view.token(0) else {
        return;
    };
    let is = match word.text.to_ascii_lowercase().as_str() {
        "order" | "group" => {
            let past = view.after_value() && view.is(1, "by");
            past && (matches!(
                view.class(2),
                Some(Class::Number | Class::Function | Class::Open)
            ) || view.quoted && view.ends(3))
                && (view.ends(3)
                    || matches!(
                        view.class(3),
                        Some(Class::Comma | Class::Compare | Class::Open)
                    )
                    || view.is(3, "having"))
        }
        "having" | "where" => filter(view),
        "limit" => {
            view.after_value()
                && view.class(1) == Some(Class::Number)
                && (matches!(
                    view.class(2),
                    Some(Class::Comma | Class::Comment | Class::Union)
                ) || view.is(2, "into")
                    || view.is(2, "procedure"))
        }
        "procedure" => view.is(1, "analyse"),
        "into" => view.is(1, "outfile") || view.is(1, "dumpfile"),
        "case" => {
            view.rest(1).iter().any(|token| token.is("when"))
                && view.rest(1).iter().any(|token| token.is("then"))
                && view.rest(1).iter().any(|token| token.is("end"))
        }
        "collate" => {
            view.after_value() && view.token(1).is_some_and(|token| token.text.contains('_'))
        }
        "from" => {
            view.before()
                .is_some_and(|token| matches!(token.class, Class::Close | Class::Constant))
                && view
                    .token(1)
                    .is_some_and(|token| token.is("dual") || token.text.contains('.'))
                || view.leaves_bracket()
                    && view.class(1) == Some(Class::Name)
                    && view.is(2, "where")
        }
        "as" => {
            view.is(2, "from")
                && view
                    .token(1)
                    .is_some_and(|token| token.text.starts_with(['"', '\'', '`']))
        }
        _ => false,
    };
    if is {
        verdict.add(Kind::Sql, 5, "sql-clause");
    }
}

/// `having 1=1`, `) where x=1`, `where sleep(1)`.
fn filter(view: &View<'_>) -> bool {
    let open = view.after_value() || view.before().is_none();

    let start = view.skip_signs(1);
    view.token(start).is_some_and(|token| {
        matches!(token.class, Class::Number | Class::Text)
            || token.class == Class::Function && known_function(token.text)
    }) && (view.class(start + 1) == Some(Class::Compare)
        || open && view.class(start) != Some(Class::Text) && view.ends(start + 1))
        || view.is(0, "having")
            && view.class(start) == Some(Class::Function)
            && view
                .rest(start + 1)
                .iter()
                .any(|token| token.class == Class::Compare)
        || view
            .before()
            .is_some_and(|token| token.class == Class::Close)
            && view.token(start).is_some_and(Token::is_value)
            && view.class(start + 1) == Some(Class::Compare)
}

/// A quote, then a comment that cuts off the rest of the statement.
fn comment(view: &View<'_>, verdict: &mut Verdict) {
    let Some(text) = view.token(0).map(|token| token.text) else {
        return;
    };
    let tail = text.trim_start_matches(['-', '#', '/', '*', '+', ' ', '!']);
    let cuts = tail.trim().len() <= 3;
    let at_quote = view.quoted
        && view.at >= 1
        && view.before().is_some_and(|token| {
            matches!(token.class, Class::Text | Class::Close | Class::Semicolon)
        });
    if at_quote
        && cuts
        && view
            .tokens
            .iter()
            .take(view.at)
            .skip(1)
            .all(|token| matches!(token.class, Class::Close | Class::Semicolon))
    {
        verdict.add(Kind::Sql, 5, "sql-quote-comment");
    }
    let closes = view
        .tokens
        .iter()
        .take(view.at)
        .filter(|token| token.class == Class::Close)
        .count();
    let opens = view
        .tokens
        .iter()
        .take(view.at)
        .filter(|token| token.class == Class::Open)
        .count();
    let bare_cut = cuts
        && !view.quoted
        && view.at >= 2
        && view
            .before()
            .is_some_and(|token| matches!(token.class, Class::Close | Class::Semicolon));
    let code = view.tokens.iter().take(view.at).any(|token| {
        matches!(
            token.class,
            Class::Logic | Class::Compare | Class::Sign | Class::Function | Class::Sum
        )
    });
    // `1---` is how some mark a choice not made.
    let only_number = tail.trim().is_empty()
        && !text.starts_with("---")
        && !view.quoted
        && view.at >= 1
        && (view.at == 1 || text.starts_with("/*"))
        && view
            .tokens
            .iter()
            .take(view.at)
            .all(|token| matches!(token.class, Class::Number | Class::Constant | Class::Sum));
    if bare_cut && (closes > opens || code) || only_number {
        verdict.add(Kind::Sql, 5, "sql-bracket-comment");
    }
}

/// `'='`, `' like '%`, `'!=2!=3`: a comparison right after the string was left.
fn compare(view: &View<'_>, verdict: &mut Verdict) {
    let left_string = view.at == 1
        || view.at == 2
            && view
                .before()
                .is_some_and(|token| matches!(token.class, Class::Close | Class::Sign));
    let json = view
        .before()
        .is_some_and(|token| token.text.starts_with("'{") || token.text.starts_with("'["))
        && (view.class(1) == Some(Class::Text) || view.is(1, "array"));
    if json {
        verdict.add(Kind::Sql, 5, "sql-json-compare");
    }
    if !view.quoted || !left_string {
        return;
    }
    // `sounds like`, `is not`
    let right = view.skip_signs(1 + usize::from(view.class(1) == Some(Class::Compare)));
    let Some(operand) = view.token(right) else {
        return;
    };
    let ends = view.ends(right + 1)
        || matches!(
            view.class(right + 1),
            Some(Class::Compare | Class::Logic | Class::Sum)
        );
    // `"LIKE" STAMP` is a title; `' like '%` is not.
    let short =
        operand.class != Class::Text || operand.text.trim_matches(['\'', '"', ' ', '%']).len() <= 2;
    if operand.is_value() && operand.class != Class::Name && ends && (!view.is_word(0) || short) {
        verdict.add(Kind::Sql, 5, "sql-quote-compare");
    }
}

/// `'+(select ...)`, `' / current_date regexp '0`, `'-sleep(5)-'`, `'+'`.
fn sum(view: &View<'_>, verdict: &mut Verdict) {
    if !view.after_value() {
        return;
    }
    let right = view.skip_signs(1);
    let Some(operand) = view.token(right) else {
        return;
    };
    let left_string = view.quoted && view.at == 1;
    let after = view.skip_arithmetic(right + 1);
    let follows = matches!(view.class(after), Some(Class::Compare | Class::Logic));
    let strange = matches!(operand.class, Class::Constant | Class::Select)
        || operand.class == Class::Function && (left_string || known_function(operand.text));
    let word = operand.class == Class::Constant && operand.text.len() < 4;
    // `'/column is not null-'`
    let tested = view.class(after) != Some(Class::Compare)
        && view.class(right + 1) == Some(Class::Compare)
        && view.class(view.skip_signs(right + 2)) == Some(Class::Constant)
        || view.class(after) == Some(Class::Compare)
            && view.class(view.skip_signs(after + 1)) == Some(Class::Constant);
    let joins_strings =
        left_string && operand.class == Class::Text && view.token(right + 1).is_none();
    if left_string && (strange && !word || follows && operand.class != Class::Name)
        || joins_strings
        || left_string && tested
        || operand.class == Class::Select
        || strange && follows
    {
        verdict.add(Kind::Sql, 5, "sql-sum");
    }
}

/// Whether a statement of a database stands among `tokens`.
fn runs_statement(tokens: &[Token<'_>]) -> bool {
    [
        "select",
        "waitfor",
        "exec",
        "sleep",
        "begin",
        "drop",
        "exists",
        "benchmark",
        "pg_sleep",
        "shutdown",
    ]
    .iter()
    .any(|word| tokens.iter().any(|token| token.is(word)))
}

/// `; drop table x`, `';shutdown--`.
fn stacked(view: &View<'_>, verdict: &mut Verdict) {
    let Some(next) = view.token(1) else {
        return;
    };
    let after = view.token(2);
    let statement = match next.class {
        Class::Select => after.is_some_and(|first| {
            let listed = view
                .token(3)
                .is_some_and(|token| token.class == Class::Comma || token.is("from"));
            !matches!(first.class, Class::Name | Class::Word) || listed
        }),
        Class::Verb => {
            let everyday = [
                "if", "set", "use", "do", "call", "print", "load", "copy", "kill", "begin",
            ];
            let is_everyday = everyday.iter().any(|word| next.is(word));
            // `; if (x) {` is any program; only a statement inside makes it a database's.
            if next.is("if") && !runs_statement(view.rest(2)) {
                return;
            }
            !is_everyday
                && (view.ends(2)
                    || after.is_some_and(|token| {
                        OBJECTS.iter().any(|object| token.is(object))
                            || matches!(token.class, Class::Constant | Class::Text)
                            || token.is("from")
                            || token.is("into")
                            || token.is("delay")
                            || next.is("truncate") && token.text.starts_with('[')
                    }))
                || is_everyday
                    && after.is_some_and(|token| {
                        matches!(token.class, Class::Constant | Class::Text | Class::Open)
                    })
                || view.quoted && view.at == 1
        }
        _ => false,
    };
    if statement {
        verdict.add(Kind::Sql, 5, "sql-second-statement");
    }
}
