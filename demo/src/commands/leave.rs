//! When it is time to leave: Ctrl-C, or a polite kill.

use std::io::Result;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens for both, from the moment it is made: they no longer end the program by themselves.
pub(crate) struct Leave {
    interrupt: Signal,
    terminate: Signal,
}

impl Leave {
    pub(crate) fn listen() -> Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Comes when one of them does.
    pub(crate) async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
