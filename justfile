# What a developer runs. CI runs `just ci` and nothing else.

# show the recipes
default:
    @just --list

# build both programs for use
build:
    cargo build --release --locked --bin larum --bin larum-hub

# run a whole town on this machine
demo *args:
    cargo run --release --locked --bin larum-hub -- demo {{args}}

# formatting and lints
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings

# licences, sources, one version per library
deny:
    cargo deny --locked check licenses bans sources

# every test; documentation examples first
test:
    cargo test --workspace --doc --locked --quiet
    cargo nextest run --workspace --locked --profile ci

# speed and memory of parsing and detection (docs/developer/measurements.md)
bench *args:
    cargo run --release --locked --bin larum-bench -- {{args}}

# instructions a line of each format, against docs/developer/instructions.csv; needs valgrind, takes
# minutes, and is therefore no part of `ci`
instructions *args:
    tools/instructions {{args}}

# look for hostile records with libFuzzer for some seconds (docs/developer/proofs.md)
fuzz target="parse" seconds="60":
    tools/fuzz {{target}} {{seconds}}
# what the models find in the corpus beside the checkout, written to docs/developer/evaluation.md
evaluate:
    cargo run --locked -q --bin larum-bench -- evaluate > docs/developer/evaluation.md

# kill, cut, fill and slow down the real programs for many cycles; several seeds may run side by side
# (docs/developer/proofs.md)
torture cycles="300" seed="1":
    cargo build --release --locked --bin larum --bin larum-hub --test torture
    LARUM_TORTURE_CYCLES={{cycles}} LARUM_TORTURE_SEED={{seed}} \
        cargo test --release --locked --test torture -- --nocapture

# what the watch and the blocklist find beside rules others publish, written to
# docs/developer/watch-evaluation.md; takes minutes
evaluate-watch *args:
    cargo run --release --locked -q --bin larum-bench -- evaluate-watch {{args}} > docs/developer/watch-evaluation.md

# everything that must be green
ci: lint deny test
