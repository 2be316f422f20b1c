//! What a command says: all of it into a file, if there is one, and its end into the log.

use std::{
    fs::File,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::AsyncWrite;

pub(crate) struct Said {
    file: Option<tokio::fs::File>,
    end: Vec<u8>,
    most: usize,
    is_cut: bool,
}

impl Said {
    pub(crate) fn new(file: Option<File>, most: usize) -> io::Result<Self> {
        Ok(Self { file: file.map(tokio::fs::File::from_std), end: Vec::new(), most, is_cut: false })
    }

    /// The end of it, as text.
    pub(crate) fn end(&self) -> String {
        let from = self.end.len().saturating_sub(self.most);
        let text = String::from_utf8_lossy(&self.end[from..]).replace('\0', "\u{fffd}");
        if self.is_cut || from > 0 { format!("… {text}") } else { text }
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.end.extend_from_slice(bytes);
        // Not at each write, which would move all of it each time.
        if self.end.len() > 4 * self.most {
            self.end.drain(..self.end.len() - self.most);
            self.is_cut = true;
        }
    }
}

impl AsyncWrite for Said {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = match &mut self.file {
            Some(file) => ready!(Pin::new(file).poll_write(context, bytes))?,
            None => bytes.len(),
        };
        self.keep(&bytes[..written]);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.file {
            Some(file) => Pin::new(file).poll_flush(context),
            None => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    #[tokio::test]
    async fn the_end_is_in_the_log_and_all_of_it_in_the_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut said = Said::new(Some(file.reopen().unwrap()), 4).unwrap();
        said.write_all(b"ab\0").await.unwrap();
        assert_eq!(said.end(), "ab\u{fffd}");
        for _ in 0..1_000 {
            said.write_all(b"0123456789").await.unwrap();
        }
        said.flush().await.unwrap();
        assert_eq!(said.end(), "… 6789");
        assert_eq!(file.as_file().metadata().unwrap().len(), 10_003);
    }
}
