//! The files of the house that people write, read once.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Folders below the root in which people write.
const FOLDERS: [&str; 6] = [".ci", "bench", "crates", "docs", "e2e", "examples"];

/// Names that end in one of these are text; the rest is data.
const TEXT: [&str; 7] = [".rs", ".md", ".toml", ".py", ".sh", ".sql", ".ci/run"];

/// One file of text.
#[derive(Clone, Debug)]
pub struct File {
    /// Relative to the root, with `/` between folders.
    pub path: String,
    /// All of it.
    pub text: String,
}

/// All texts of the house, and the names of everything else in it.
#[derive(Debug, Default)]
pub struct Tree {
    /// What is text.
    pub files: Vec<File>,
    /// Every file and folder by its path relative to the root, data included.
    pub paths: Vec<String>,
}

impl Tree {
    /// Reads the house at `root`; build outputs and data folders in the root are left out.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn read(root: &Path) -> io::Result<Tree> {
        let mut tree = Tree::default();
        for entry in fs::read_dir(root)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            match entry.file_type()?.is_dir() {
                true if FOLDERS.contains(&name.as_str()) => tree.walk(root, entry.path())?,
                true => {}
                false => tree.take(root, &entry.path())?,
            }
        }
        tree.files.sort_by(|one, two| one.path.cmp(&two.path));
        tree.paths.sort();
        Ok(tree)
    }

    /// Files whose name ends like this.
    pub fn ending<'a>(&'a self, end: &'a str) -> impl Iterator<Item = &'a File> {
        self.files.iter().filter(move |file| file.path.ends_with(end))
    }

    /// The file at a path.
    pub fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    fn walk(&mut self, root: &Path, folder: PathBuf) -> io::Result<()> {
        let mut folders = vec![folder];
        while let Some(folder) = folders.pop() {
            self.paths.push(relative(root, &folder));
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                match entry.file_type()?.is_dir() {
                    true => folders.push(entry.path()),
                    false => self.take(root, &entry.path())?,
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, root: &Path, file: &Path) -> io::Result<()> {
        let path = relative(root, file);
        if TEXT.iter().any(|end| path.ends_with(end)) {
            self.files.push(File { path: path.clone(), text: fs::read_to_string(file)? });
        }
        self.paths.push(path);
        Ok(())
    }
}

fn relative(root: &Path, path: &Path) -> String {
    let inside = path.strip_prefix(root).expect("a walk stays below its root");
    inside.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}
