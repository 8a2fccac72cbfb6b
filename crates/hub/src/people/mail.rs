//! Sending one-time links by e-mail, through the relay that the operator names.
//!
//! Whoever asks is always answered the same, and at once: whether an address is known is looked up,
//! and the mail sent, after the answer.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use larum_core::time::Timestamp;
use lettre::message::{Mailbox, header::ContentType};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use sha2::{Digest as _, Sha256};

use crate::id::MemberId;
use crate::limit::{Allowance, Limiter};

/// How long the relay may take for one step, in seconds.
const PATIENCE_SECONDS: u64 = 30;
/// Mails to one address: three at once, then one in ten minutes.
const TO_ONE: Allowance = Allowance {
    burst: 3,
    refill_ms: 10 * 60_000,
    callers: 10_000,
};
/// Mails in all: thirty at once, then one in two seconds.
const IN_ALL: Allowance = Allowance {
    burst: 30,
    refill_ms: 2_000,
    callers: 1,
};

/// Links to confirm that a firm asks to join, to one address: two at once, then one a day.
const ASK_ONE: Allowance = Allowance {
    burst: 2,
    refill_ms: 86_400_000,
    callers: 10_000,
};
/// The same from one network (256 addresses of IPv4, a /48 of IPv6): five at once, then one an hour, so that one
/// stranger does not use up what all have together.
const ASK_NETWORK: Allowance = Allowance {
    burst: 5,
    refill_ms: 3_600_000,
    callers: 10_000,
};
/// The same in all: twenty at once, then one in thirty seconds. Counted apart, so that a flood of
/// strangers' forms keeps nobody from signing in.
const ASK_ALL: Allowance = Allowance {
    burst: 20,
    refill_ms: 30_000,
    callers: 1,
};

/// Invitations of one firm: ten at once, then one in ten minutes. Not counted with all others: no firm
/// keeps anybody from signing in.
const INVITE_FIRM: Allowance = Allowance {
    burst: 10,
    refill_ms: 10 * 60_000,
    callers: 10_000,
};

/// How the way to the relay is kept private.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privacy {
    /// TLS from the first byte (RFC 8314).
    Tls,
    /// TLS after `STARTTLS` (RFC 3207); without it nothing is sent.
    StartTls,
    /// None: only for a relay on this machine.
    None,
}

/// Where mail is handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relay {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How the way there is kept private.
    pub privacy: Privacy,
}

impl Relay {
    /// From `smtps://HOST[:465]`, `smtp://HOST[:587]`, or `smtp-plain://` with an address of this
    /// machine.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, place) = text.split_once("://")?;
        let (privacy, usual) = match scheme {
            "smtps" => (Privacy::Tls, 465),
            "smtp" => (Privacy::StartTls, 587),
            "smtp-plain" => (Privacy::None, 25),
            _ => return None,
        };
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok()?),
            None => (place, usual),
        };
        let named = !host.is_empty()
            && host
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
        let here = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        (named && (privacy != Privacy::None || here)).then(|| Self {
            host: host.to_owned(),
            port,
            privacy,
        })
    }
}

/// Why no mail can be sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The sender's address is not one.
    #[error("the sender is not an e-mail address")]
    From,
    /// The relay cannot be used.
    #[error("the relay: {0}")]
    Relay(#[from] lettre::transport::smtp::Error),
    /// The message cannot be made.
    #[error("the message: {0}")]
    Message(#[from] lettre::error::Error),
}

impl MailError {
    /// The reason for the log. What a relay answers stays out of it: it likes to repeat the address.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Relay(error) if error.is_permanent() => "mail-relay-refused",
            Self::Relay(error) if error.is_transient() => "mail-relay-busy",
            Self::Relay(error) if error.is_timeout() => "mail-relay-silent",
            Self::Relay(_) => "mail-relay-unreached",
            Self::From | Self::Message(_) => "mail-malformed",
        }
    }
}

/// Sends mail.
pub struct Mailer {
    relay: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to_one: Mutex<Limiter<[u8; 32]>>,
    in_all: Mutex<Limiter<()>>,
    ask_one: Mutex<Limiter<[u8; 32]>>,
    ask_all: Mutex<Limiter<()>>,
    ask_network: Mutex<Limiter<IpAddr>>,
    invite_firm: Mutex<Limiter<MemberId>>,
}

impl Mailer {
    /// Through `relay`, from the address `from`, with user name and password where it wants them.
    ///
    /// # Errors
    /// When the address or the system's certificates cannot be used.
    pub fn new(
        relay: &Relay,
        from: &str,
        login: Option<(String, String)>,
    ) -> Result<Self, MailError> {
        type Smtp = AsyncSmtpTransport<Tokio1Executor>;
        let from = from.parse().map_err(|_| MailError::From)?;
        let builder = match relay.privacy {
            Privacy::Tls => Smtp::relay(&relay.host)?,
            Privacy::StartTls => Smtp::starttls_relay(&relay.host)?,
            Privacy::None => Smtp::builder_dangerous(&relay.host),
        };
        let mut builder = builder
            .port(relay.port)
            .timeout(Some(Duration::from_secs(PATIENCE_SECONDS)));
        if let Some((user, password)) = login {
            builder = builder.credentials(Credentials::new(user, password));
        }
        Ok(Self {
            relay: builder.build(),
            from,
            to_one: Mutex::new(Limiter::new(TO_ONE)),
            in_all: Mutex::new(Limiter::new(IN_ALL)),
            ask_one: Mutex::new(Limiter::new(ASK_ONE)),
            ask_all: Mutex::new(Limiter::new(ASK_ALL)),
            ask_network: Mutex::new(Limiter::new(ASK_NETWORK)),
            invite_firm: Mutex::new(Limiter::new(INVITE_FIRM)),
        })
    }

    /// Whether another mail may go to `address` now.
    pub fn may_send(&self, address: &str, now: Timestamp) -> bool {
        allowed(&self.to_one, &self.in_all, address, now)
    }

    /// Whether a link to confirm that a firm asks to join may go to `address` now, asked for from
    /// `network` where that is known.
    pub fn may_ask(&self, address: &str, network: Option<IpAddr>, now: Timestamp) -> bool {
        if let Some(network) = network {
            let from = self.ask_network.lock();
            let mut from = from.unwrap_or_else(PoisonError::into_inner);
            if from.take(network, now).is_err() {
                return false;
            }
        }
        allowed(&self.ask_one, &self.ask_all, address, now)
    }

    /// Whether `firm` may invite somebody now.
    pub fn may_invite(&self, firm: MemberId, now: Timestamp) -> bool {
        let invited = self.invite_firm.lock();
        let mut invited = invited.unwrap_or_else(PoisonError::into_inner);
        invited.take(firm, now).is_ok()
    }

    /// Sends one.
    ///
    /// # Errors
    /// When the relay does not take it.
    pub async fn send(
        &self,
        address: &str,
        subject: String,
        body: String,
    ) -> Result<(), MailError> {
        let to: Mailbox = address.parse().map_err(|_| MailError::From)?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(subject)
            .header(ContentType::TEXT_PLAIN)
            .body(body)?;
        self.relay.send(message).await?;
        Ok(())
    }
}

fn allowed(
    to_one: &Mutex<Limiter<[u8; 32]>>,
    in_all: &Mutex<Limiter<()>>,
    address: &str,
    now: Timestamp,
) -> bool {
    let who: [u8; 32] = Sha256::digest(address.to_lowercase().as_bytes()).into();
    let mut to_one = to_one.lock().unwrap_or_else(PoisonError::into_inner);
    let mut in_all = in_all.lock().unwrap_or_else(PoisonError::into_inner);
    to_one.take(who, now).is_ok() && in_all.take((), now).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_elsewhere_is_reached_privately() {
        let check = |text: &str, expected: Option<(&str, u16, Privacy)>| {
            let expected = expected.map(|(host, port, privacy)| Relay {
                host: host.to_owned(),
                port,
                privacy,
            });
            assert_eq!(Relay::parse(text), expected, "{text}");
        };
        check(
            "smtps://mail.example.org",
            Some(("mail.example.org", 465, Privacy::Tls)),
        );
        check(
            "smtp://mail.example.org:2525",
            Some(("mail.example.org", 2_525, Privacy::StartTls)),
        );
        check(
            "smtp-plain://127.0.0.1",
            Some(("127.0.0.1", 25, Privacy::None)),
        );
        check("smtp-plain://mail.example.org", None);
        check("smtp-plain://192.0.2.1", None);
        check("http://mail.example.org", None);
        check("smtp://", None);
        check("smtp://a b", None);
        check("smtp://mail.example.org:99999", None);
    }

    #[test]
    fn one_address_gets_three_and_then_one_in_ten_minutes() {
        let relay = Relay::parse("smtp-plain://127.0.0.1").unwrap();
        let mailer = Mailer::new(&relay, "hub@example.org", None).unwrap();
        let at = |seconds: i64| Timestamp::from_seconds(1_800_000_000 + seconds);
        for _ in 0..3 {
            assert!(mailer.may_send("sam@example.org", at(0)));
        }
        assert!(!mailer.may_send("SAM@example.org", at(1)));
        assert!(mailer.may_send("ali@example.org", at(1)));
        assert!(mailer.may_send("sam@example.org", at(601)));
        assert!(!mailer.may_send("sam@example.org", at(602)));
        let sent = (0..100)
            .filter(|n| mailer.may_send(&format!("p{n}@example.org"), at(700)))
            .count();
        assert_eq!(sent, 30, "in all");
        let asked = (0..100)
            .filter(|n| mailer.may_ask(&format!("p{n}@example.org"), None, at(700)))
            .count();
        assert_eq!(asked, 20, "strangers' forms are counted apart");
        assert!(!mailer.may_ask("p0@example.org", None, at(731 - 30)));
        assert!(Mailer::new(&relay, "nobody", None).is_err());
    }

    #[test]
    fn a_stranger_from_one_network_leaves_room_for_others() {
        let relay = Relay::parse("smtp-plain://127.0.0.1").unwrap();
        let mailer = Mailer::new(&relay, "hub@example.org", None).unwrap();
        let at = |seconds: i64| Timestamp::from_seconds(1_800_000_000 + seconds);
        let [one, other] = ["192.0.2.0", "198.51.100.0"].map(|ip| ip.parse().ok());
        let asked = |network, who: &str, seconds| {
            (0..100)
                .filter(|n| mailer.may_ask(&format!("{who}{n}@example.org"), network, at(seconds)))
                .count()
        };
        assert_eq!(asked(one, "a", 0), 5);
        assert_eq!(asked(other, "b", 0), 5);
        assert_eq!(asked(one, "c", 3_700), 1);
    }
}
