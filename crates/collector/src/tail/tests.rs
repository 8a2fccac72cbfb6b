use super::*;
use crate::checkpoint::Checkpoint;
use crate::config::Start;
use std::fs;
use std::io::Write as _;
use std::path::Path;

/// A tail over `*.log` and more in a folder; stopping it gives back what was read and the positions.
struct Rig {
    folder: tempfile::TempDir,
    state: tempfile::TempDir,
    seen: Seen,
    start: Start,
    pattern: &'static str,
}

impl Rig {
    fn new(pattern: &'static str) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            state: tempfile::tempdir().unwrap(),
            seen: Seen::default(),
            start: Start::Beginning,
            pattern,
        }
    }

    fn write(&self, name: &str, text: &str) {
        let mut file = fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(self.folder.path().join(name))
            .unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.folder.path().join(from), self.folder.path().join(to)).unwrap();
    }

    /// Follows while `script` runs; it gets a way to wait until so many lines were read in all.
    async fn follow(&mut self, script: impl AsyncFnOnce(&Path, &mut Lines)) -> Vec<String> {
        let board = Arc::new(Board::new(self.state.path(), &Checkpoint::default()));
        let input = FileInput {
            path: self.folder.path().join(self.pattern),
            start: self.start,
        };
        let tail = Tail::new(
            vec![input],
            16,
            std::mem::take(&mut self.seen),
            board,
            Clock::system(),
        );
        let (queue, chunks) = mpsc::channel(4);
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(tail.run(queue, stopped));
        let mut lines = Lines {
            chunks,
            read: Vec::new(),
            seen: Seen::default(),
        };
        script(self.folder.path(), &mut lines).await;
        stop.send(true).unwrap();
        task.await.unwrap();
        while let Ok(chunk) = lines.chunks.try_recv() {
            lines.take(&chunk);
        }
        self.seen = lines.seen;
        lines.read
    }
}

struct Lines {
    chunks: mpsc::Receiver<Chunk>,
    read: Vec<String>,
    seen: Seen,
}

impl Lines {
    async fn until(&mut self, count: usize) {
        while self.read.len() < count {
            let waited = tokio::time::timeout(Duration::from_secs(30), self.chunks.recv()).await;
            let chunk = waited
                .unwrap_or_else(|_| panic!("only {:?}", self.read))
                .unwrap();
            self.take(&chunk);
        }
    }

    fn take(&mut self, chunk: &Chunk) {
        for (_, record) in chunk.records() {
            self.read.push(String::from_utf8_lossy(record).into_owned());
        }
        if let Some(crate::chunk::Mark::File(position)) = &chunk.mark {
            self.seen.note(position.clone());
        }
    }
}

#[tokio::test]
async fn a_line_without_its_end_is_waited_for_across_a_restart() {
    let mut rig = Rig::new("a.log");
    rig.write("a.log", "one\ntwo\nthr");
    assert_eq!(
        rig.follow(async |_, lines| lines.until(2).await).await,
        ["one", "two"]
    );
    rig.write("a.log", "ee\n");
    assert_eq!(
        rig.follow(async |_, lines| lines.until(1).await).await,
        ["three"]
    );
}

#[tokio::test]
async fn rotation_by_rename_loses_and_doubles_nothing_even_under_a_pattern_that_matches_both() {
    let mut rig = Rig::new("a.log*");
    rig.write("a.log", "one\n");
    let lines = rig
        .follow(async |folder, lines| {
            lines.until(1).await;
            let mut writer = fs::OpenOptions::new()
                .append(true)
                .open(folder.join("a.log"))
                .unwrap();
            fs::rename(folder.join("a.log"), folder.join("a.log.1")).unwrap();
            writer.write_all(b"late\n").unwrap();
            lines.until(2).await;
            fs::write(folder.join("a.log"), "two\n").unwrap();
            lines.until(3).await;
            fs::rename(folder.join("a.log.1"), folder.join("a.log.2")).unwrap();
            fs::rename(folder.join("a.log"), folder.join("a.log.1")).unwrap();
            fs::write(folder.join("a.log"), "three\n").unwrap();
            lines.until(4).await;
        })
        .await;
    assert_eq!(lines, ["one", "late", "two", "three"]);
    rig.write("a.log", "four\n");
    let lines = rig.follow(async |_, lines| lines.until(1).await).await;
    assert_eq!(lines, ["four"]);
}

#[tokio::test]
async fn rotation_while_the_collector_is_down_reads_the_rest_of_the_old_file() {
    let mut rig = Rig::new("a.log");
    rig.write("a.log", "one\n");
    rig.follow(async |_, lines| lines.until(1).await).await;
    rig.write("a.log", "two\n");
    rig.rename("a.log", "a.log.1");
    rig.write("a.log", "three\n");
    let mut lines = rig.follow(async |_, lines| lines.until(2).await).await;
    lines.sort();
    assert_eq!(lines, ["three", "two"]);
}

#[tokio::test]
async fn truncation_begins_anew_even_when_the_file_has_grown_past_the_old_place() {
    let mut rig = Rig::new("a.log");
    rig.write("a.log", "one\ntwo\n");
    let lines = rig
        .follow(async |folder, lines| {
            lines.until(2).await;
            fs::write(folder.join("a.log"), "x\n").unwrap();
            lines.until(3).await;
            fs::write(folder.join("a.log"), "y\nand much more than before\n").unwrap();
            lines.until(5).await;
        })
        .await;
    assert_eq!(lines, ["one", "two", "x", "y", "and much more than before"]);
}

#[tokio::test]
async fn files_that_appear_later_are_read_from_their_beginning_and_old_ones_only_if_asked() {
    let mut rig = Rig::new("*.log");
    rig.start = Start::End;
    rig.write("a.log", "old\n");
    let lines = rig
        .follow(async |folder, lines| {
            // The first look happens before the tail waits for anything.
            tokio::task::yield_now().await;
            fs::write(folder.join("b.log"), "new\n").unwrap();
            lines.until(1).await;
        })
        .await;
    assert_eq!(lines, ["new"]);
}

#[tokio::test]
async fn a_file_full_of_nuls_and_a_line_of_ten_megabytes_are_two_records() {
    let mut rig = Rig::new("a.log");
    rig.write("a.log", &"\0".repeat(10 << 20));
    rig.write("a.log", "\n");
    rig.write("a.log", &"x".repeat(10 << 20));
    rig.write("a.log", "\nnext\n");
    let lines = rig.follow(async |_, lines| lines.until(3).await).await;
    assert_eq!(
        lines.iter().map(String::len).collect::<Vec<_>>(),
        [65_537, 65_537, 4]
    );
}
