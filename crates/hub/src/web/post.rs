//! Mail that leaves after the answer was given.

use super::visit::Visit;

/// One mail.
pub(super) struct Mail {
    pub address: String,
    pub subject: String,
    pub body: String,
}

impl Visit<'_> {
    /// Sends `mails` after the answer; nothing where the hub sends none. What a relay refuses is in
    /// the log, without addresses.
    pub fn post(&self, mails: Vec<Mail>) {
        let (Some(mailer), Ok(runtime)) = (
            self.state.mailer.clone(),
            tokio::runtime::Handle::try_current(),
        ) else {
            return;
        };
        runtime.spawn(async move {
            for mail in mails {
                let sent = mailer.send(&mail.address, mail.subject, mail.body).await;
                if let Err(error) = sent {
                    tracing::error!(reason = error.reason(), "a mail could not be sent");
                }
            }
        });
    }

    /// A mail to `address` from two messages of the catalogue.
    pub fn letter(
        &self,
        address: &str,
        subject: &str,
        body: &str,
        args: &[(&str, larum_core::words::Argument<'_>)],
    ) -> Mail {
        Mail {
            address: address.to_owned(),
            subject: self.say(subject),
            body: self.say_with(body, args),
        }
    }
}
