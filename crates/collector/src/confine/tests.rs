use super::*;
use crate::config::{FileInput, Listen, Start, Transport};
use std::path::PathBuf;

/// Runs `work` on a thread of its own: what a thread gave up, only it and its children are without.
fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(work).join().unwrap())
}

fn config(folder: &Path) -> Config {
    let mut config = Config::new(folder.join("state"));
    std::fs::create_dir_all(folder.join("logs/deep")).unwrap();
    config.files.push(FileInput {
        path: folder.join("logs/*/access.log"),
        start: Start::Beginning,
    });
    config
}

#[test]
fn places_are_the_folders_of_what_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    std::fs::create_dir_all(at("formats")).unwrap();
    std::fs::create_dir_all(at("etc")).unwrap();
    std::fs::write(at("etc/bad.txt"), "192.0.2.1\n").unwrap();
    let mut config = config(folder.path());
    config.formats = Some(at("formats"));
    config.indicators = vec![at("etc/bad.txt"), at("feeds/later")];
    config
        .listen
        .push(Listen::new(Transport::Tcp, "[::]:5514".parse().unwrap()));
    config
        .listen
        .push(Listen::new(Transport::Udp, "[::]:0".parse().unwrap()));
    let places = Places::of(&config, &at("etc/collector.toml"));
    assert_eq!(places.written, [at("state")]);
    let own: Vec<&PathBuf> = places
        .read
        .iter()
        .filter(|path| path.starts_with(folder.path()))
        .collect();
    // What is not there yet is reached through the nearest folder that is.
    let expected = [at("etc"), at("logs"), at("etc"), at(""), at("formats")];
    assert_eq!(own, expected.iter().collect::<Vec<_>>());
    assert_eq!(places.ports, Some(vec![5_514, 7_780]));
    assert!(!places.runs_programs);
    config.journal = Some(crate::config::JournalInput {
        folder: Some(at("formats")),
        ..Default::default()
    });
    let places = Places::of(&config, &at("etc/collector.toml"));
    assert!(places.runs_programs && places.read.contains(&at("formats")));
    config.page_address = "127.0.0.1:0".parse().ok();
    assert_eq!(Places::of(&config, &at("etc/x")).ports, None);
}

#[test]
fn no_program_can_be_started_and_no_raw_socket_opened() {
    let (program, socket) = apart(|| {
        calls::confine(false).unwrap();
        let program = std::process::Command::new("/bin/true").status();
        let packet = socket2::Socket::new(socket2::Domain::PACKET, socket2::Type::RAW, None);
        (program, packet)
    });
    let denied = std::io::ErrorKind::PermissionDenied;
    assert_eq!(program.unwrap_err().kind(), denied);
    assert_eq!(socket.unwrap_err().raw_os_error(), Some(libc::EPERM));
    let status = apart(|| {
        calls::confine(true).unwrap();
        std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        std::process::Command::new("/bin/true").status()
    });
    assert!(status.unwrap().success());
}

/// What the configuration names stays within reach, also when it is replaced or comes later; the rest
/// does not, where the kernel has Landlock.
#[test]
fn files_that_are_not_named_are_out_of_reach() {
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    let config = config(folder.path());
    std::fs::write(at("secret"), "x").unwrap();
    let (confined, secret, written, elsewhere) = apart(|| {
        let confined = confine(&config, Path::new("/etc/larum/collector.toml")).unwrap();
        let written = std::fs::write(at("state/new"), "x")
            .and_then(|()| std::fs::rename(at("state/new"), at("state/kept")))
            .and_then(|()| std::fs::read(at("state/kept")));
        let elsewhere = std::fs::write(at("logs/deep/new"), "x");
        (confined, std::fs::read(at("secret")), written, elsewhere)
    });
    assert!(confined.calls);
    assert_eq!(written.unwrap(), b"x");
    std::fs::write(at("logs/deep/access.log"), "later").unwrap();
    let read = apart(|| {
        confine(&config, Path::new("/etc/larum/collector.toml")).unwrap();
        std::fs::rename(at("state/kept"), at("state/again")).unwrap();
        std::fs::read(at("logs/deep/access.log"))
    });
    assert_eq!(read.unwrap(), b"later");
    let open = confined.files == Reach::Not;
    assert_eq!(secret.is_ok(), open, "{confined:?}");
    assert_eq!(elsewhere.is_ok(), open, "{confined:?}");
}
