use super::*;
use crate::time::DeviceTime;

fn at(text: &str) -> Timestamp {
    DeviceTime::parse_rfc3339(text.as_bytes()).unwrap().at
}

#[test]
fn each_clock_case_of_the_table_holds() {
    let regimes = Regimes::built_in().unwrap();
    assert!(regimes.case.len() >= 4);
    for case in &regimes.case {
        let regime = regimes.find(&case.regime).unwrap();
        let due = regime
            .deadlines(at(&case.aware))
            .find_map(|deadline| deadline.due);
        assert_eq!(due, Some(at(&case.due)), "{case:?}");
    }
}

#[test]
fn a_bill_or_a_proposal_is_never_a_duty() {
    let regimes = Regimes::built_in().unwrap();
    for who in [
        "controller",
        "processor",
        "anyone",
        "essential-or-digital-service",
    ] {
        for regime in regimes.in_force_for(who, Some(Risk::High)) {
            assert_eq!(regime.status, Status::InForce);
        }
    }
    assert_eq!(regimes.find("uk-csr-bill").unwrap().status, Status::Bill);
}

#[test]
fn the_ladder_of_risk_decides_whom_to_tell() {
    let regimes = Regimes::built_in().unwrap();
    let now = at("2026-11-22T12:00:00Z");
    let duties = |risk: Option<Risk>| {
        let mut breach = Breach::default();
        breach
            .apply(Command::Open { aware: now }, &regimes, now)
            .unwrap();
        if let Some(risk) = risk {
            breach
                .apply(
                    Command::Assess {
                        risk,
                        reasons: "looked".into(),
                    },
                    &regimes,
                    now,
                )
                .unwrap();
        }
        breach
            .duties(&regimes)
            .iter()
            .map(|duty| duty.regime.id.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(duties(None), ["uk-gdpr-33"]);
    assert_eq!(duties(Some(Risk::Unlikely)), Vec::<String>::new());
    assert_eq!(duties(Some(Risk::Risk)), ["uk-gdpr-33"]);
    assert_eq!(duties(Some(Risk::High)), ["uk-gdpr-33", "uk-gdpr-34"]);
}

#[test]
fn a_late_notice_needs_reasons_and_times_are_locked() {
    let regimes = Regimes::built_in().unwrap();
    let aware = at("2026-11-20T16:05:00Z");
    let late = at("2026-11-23T16:05:01Z");
    let mut breach = Breach::default();
    let told = |reasons: Option<&str>| Command::RecordNotice {
        told: late,
        late_reasons: reasons.map(Into::into),
    };
    assert_eq!(
        breach.apply(told(None), &regimes, late),
        Err(Refusal::NotOpened)
    );
    breach
        .apply(Command::Open { aware }, &regimes, late)
        .unwrap();
    assert_eq!(
        breach.apply(Command::Open { aware }, &regimes, late),
        Err(Refusal::AlreadyOpened)
    );
    assert_eq!(
        breach.apply(told(None), &regimes, late),
        Err(Refusal::NotAssessed)
    );
    breach
        .apply(
            Command::Assess {
                risk: Risk::Risk,
                reasons: "names leaked".into(),
            },
            &regimes,
            late,
        )
        .unwrap();
    assert_eq!(
        breach.apply(told(Some("  ")), &regimes, late),
        Err(Refusal::ReasonsMissing)
    );
    breach
        .apply(told(Some("the office was shut")), &regimes, late)
        .unwrap();
    assert_eq!(
        breach.apply(told(None), &regimes, late),
        Err(Refusal::AlreadyNotified)
    );
    let future = Command::CorrectAware {
        aware: late.plus_seconds(1),
        reasons: "typing".into(),
    };
    assert_eq!(
        breach.apply(future, &regimes, late),
        Err(Refusal::InTheFuture)
    );
    breach
        .apply(
            Command::CorrectAware {
                aware,
                reasons: "typing".into(),
            },
            &regimes,
            late,
        )
        .unwrap();
    assert_eq!(
        breach.entries().len(),
        4,
        "refused commands leave no entry; corrections add one"
    );
    assert_eq!(Breach::replay(breach.entries().to_vec()), breach);
}
