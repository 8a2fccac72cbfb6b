//! Folders that whole files are put into: read when they are whole, put away when they are counted.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod rig;

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use larum_collector::Config;
use larum_collector::config::{Afterwards, FolderInput};
use larum_collector::reason::Dropped;
use larum_link::clock::Clock;
use rig::{Started, config, failed};

fn only(folder: &Path, afterwards: Afterwards) -> Config {
    let mut config = config(folder);
    config.files.clear();
    config.listen.clear();
    let path = folder.join("in/*");
    config.folders = vec![FolderInput { path, afterwards }];
    config
}

fn lines(from: usize, to: usize) -> String {
    (from..to).map(|attempt| failed(attempt) + "\n").collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

async fn until(what: impl Fn() -> bool) {
    let begun = Instant::now();
    while !what() {
        assert!(begun.elapsed() < Duration::from_secs(60));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whole_files_are_read_once_and_put_away() {
    let folder = tempfile::tempdir().unwrap();
    let within = |name: &str| folder.path().join("in").join(name);
    std::fs::create_dir(folder.path().join("in")).unwrap();
    std::fs::write(within("a.log"), lines(0, 10) + "no end").unwrap();
    std::fs::write(within("b.log.gz"), gzip(lines(10, 30).as_bytes())).unwrap();
    let packed = zstd::encode_all(lines(30, 60).as_bytes(), 3).unwrap();
    std::fs::write(within("c.zst"), packed).unwrap();
    std::fs::write(within("d.part"), lines(60, 70)).unwrap();
    let cut = gzip(&lines(0, 40_000).into_bytes());
    std::fs::write(within("e.gz"), cut.get(..cut.len() / 2).unwrap()).unwrap();
    let started = Started::new(only(folder.path(), Afterwards::Move), Clock::system()).await;
    let names = ["a.log", "b.log.gz", "c.zst", "e.gz"];
    until(|| names.iter().all(|name| within("done").join(name).exists())).await;
    assert!(within("d.part").exists());
    std::fs::rename(within("d.part"), within("d.log")).unwrap();
    until(|| within("done/d.log").exists()).await;
    // The same name again is another file.
    std::fs::write(within("d.log"), lines(70, 75)).unwrap();
    until(|| within("done/d.log.1").exists()).await;
    let total = started.stop().await;
    let at = Dropped::ALL
        .iter()
        .position(|one| *one == Dropped::NotUnpacked);
    assert_eq!(total.dropped.get(at.unwrap()), Some(&1));
    // Ten, twenty, thirty, ten and five lines, and of the cut file what could be read.
    assert!(total.events > 10_000, "{total:?}");
    assert_eq!(
        total.received(),
        total.events + total.rejected.iter().sum::<u64>() + 1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_is_not_read_again_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("in/a.gz");
    std::fs::create_dir(folder.path().join("in")).unwrap();
    std::fs::write(&file, gzip(lines(0, 50).as_bytes())).unwrap();
    let started = Started::new(only(folder.path(), Afterwards::Keep), Clock::system()).await;
    started.until_received(50).await;
    assert_eq!(started.stop().await.received(), 50);
    let started = Started::new(only(folder.path(), Afterwards::Delete), Clock::system()).await;
    until(|| !file.exists()).await;
    assert_eq!(started.stop().await.received(), 50);
}
