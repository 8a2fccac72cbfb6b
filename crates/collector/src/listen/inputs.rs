//! All listeners of a collector: bound together, started together.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use larum_link::clock::Clock;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::http::{Desk, Records};
use super::stream::StreamInput;
use super::tls::Certificates;
use super::udp::UdpInput;
use crate::blocklist::Counter;
use crate::board::Board;
use crate::chunk::Chunk;
use crate::config::{Config, Listen, Transport};
use crate::intake::Intake;
use crate::lists::Lists;
use crate::run::StartError;

/// Shortest token that is taken: shorter ones are guessed.
pub const MIN_TOKEN_BYTES: usize = 16;
/// Longest token file.
const MAX_TOKEN_BYTES: u64 = 4_096;

/// Bound listeners, not yet receiving, in the order of the configuration.
pub(crate) struct Inputs {
    bound: Vec<(Transport, SocketAddr, Input)>,
    certificates: Vec<Arc<Certificates>>,
}

enum Input {
    Udp(Box<UdpInput>),
    Stream(Box<StreamInput>),
}

impl Inputs {
    pub(crate) fn bind(
        config: &Config,
        lists: &watch::Receiver<Arc<Lists>>,
        board: &Arc<Board>,
        clock: &Clock,
    ) -> Result<Self, StartError> {
        let mut inputs = Self {
            bound: Vec::new(),
            certificates: Vec::new(),
        };
        for listen in &config.listen {
            let (address, input) = inputs.one((listen, lists), config, board, clock)?;
            inputs.bound.push((listen.transport, address, input));
        }
        Ok(inputs)
    }

    fn one(
        &mut self,
        (listen, lists): (&Listen, &watch::Receiver<Arc<Lists>>),
        config: &Config,
        board: &Arc<Board>,
        clock: &Clock,
    ) -> Result<(SocketAddr, Input), StartError> {
        let refused = |source| StartError::Bind {
            what: listen.transport.as_str(),
            address: listen.address,
            source,
        };
        let shared = (Arc::clone(board), clock.clone());
        if listen.transport.is_over_udp() {
            let bytes = config.limits.udp_buffer_bytes;
            let input = UdpInput::bind(listen, bytes, shared.0, shared.1).map_err(refused)?;
            let address = input.local_addr().map_err(refused)?;
            return Ok((address, Input::Udp(Box::new(input))));
        }
        let tls = match &listen.tls {
            Some(from) => Some(Arc::new(Certificates::load(
                from,
                &config.state_dir,
                clock,
            )?)),
            None => None,
        };
        self.certificates.extend(tls.clone());
        let desk = if listen.transport == Transport::Blocklist {
            Desk::Lists(Counter::new(config, lists))
        } else {
            let token = listen.token_file.as_deref().map(token).transpose()?;
            Desk::Records(Records::new(token))
        };
        let input =
            StreamInput::bind(listen, &config.limits, tls, desk, shared).map_err(refused)?;
        let address = input.local_addr().map_err(refused)?;
        Ok((address, Input::Stream(Box::new(input))))
    }

    /// What listeners that encrypt show.
    pub(crate) fn certificates(&self) -> Vec<Arc<Certificates>> {
        self.certificates.clone()
    }

    /// In the order of the configuration.
    pub(crate) fn addresses(&self) -> Vec<(Transport, SocketAddr)> {
        let bound = self.bound.iter();
        bound
            .map(|(transport, address, _)| (*transport, *address))
            .collect()
    }

    pub(crate) fn start(
        self,
        queue: &mpsc::Sender<Chunk>,
        way_in: Intake,
        stopped: &watch::Receiver<bool>,
    ) -> Result<JoinSet<()>, StartError> {
        let mut tasks = JoinSet::new();
        for (_, _, input) in self.bound {
            match input {
                Input::Udp(input) => {
                    let ended = input.start(queue.clone(), stopped.clone());
                    let ended = ended.map_err(StartError::Thread)?;
                    tasks.spawn(async move { drop(ended.await) });
                }
                Input::Stream(input) => {
                    tasks.spawn(input.run(way_in.clone(), stopped.clone()));
                }
            }
        }
        Ok(tasks)
    }
}

/// The word in a token file.
fn token(path: &Path) -> Result<String, StartError> {
    use std::io::Read as _;
    let unusable = |source| StartError::Token {
        path: path.to_owned(),
        source,
    };
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_TOKEN_BYTES).read_to_string(&mut text))
        .map_err(unusable)?;
    let token = text.trim();
    if token.len() < MIN_TOKEN_BYTES {
        return Err(unusable(std::io::Error::other("it is too short")));
    }
    Ok(token.to_owned())
}

/// Checks that what listeners need beside their addresses is there: certificates, keys, tokens.
///
/// # Errors
/// With the first that cannot be used.
pub fn check(config: &Config, clock: &Clock) -> Result<(), StartError> {
    for listen in &config.listen {
        if let Some(from) = &listen.tls {
            Certificates::check(from, &config.state_dir, clock)?;
        }
        if let Some(path) = &listen.token_file {
            token(path)?;
        }
    }
    Ok(())
}
