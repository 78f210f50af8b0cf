//! `gradbook watch`: a page on this machine that follows a run.

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::{Mutex, PoisonError, atomic::Ordering},
    time::{Duration, SystemTime},
};

use clap::Args;
use gradbook_lab::{Registry, RunFolder, peek, report};
use tiny_http::{Header, Response, Server};

use super::Outcome;
use crate::{Loudness, options::load, stop};

/// How often the folder is looked at.
const LOOK: Duration = Duration::from_millis(500);

#[derive(Args)]
#[command(after_help = "Example:
  gradbook watch runs/best      while `gradbook train best` goes on elsewhere")]
pub struct Watch {
    /// The folder of a run.
    run: PathBuf,
    /// The port of the page on 127.0.0.1; any free one if left out.
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    port: u16,
}

impl Watch {
    pub fn run(&self, loudness: &Loudness, registry: &Registry) -> Outcome {
        let folder = RunFolder::new(&self.run);
        let recipe = folder.read_recipe(registry)?;
        let corpus = load(&recipe.data, loudness)?;
        let server = Server::http(("127.0.0.1", self.port))?;
        println!("http://{}", server.server_addr());
        let (stop, page, mut maps) = (stop::flag(), Mutex::new(String::new()), Vec::new());
        std::thread::scope(|scope| -> Outcome {
            scope.spawn(|| serve(&server, &page));
            let changed = || folder.metrics().metadata().and_then(|file| file.modified()).ok();
            let mut seen: Option<Option<SystemTime>> = None;
            let result = loop {
                if stop.load(Ordering::Relaxed) {
                    break Ok(ExitCode::SUCCESS);
                }
                if seen != Some(changed()) {
                    seen = Some(changed());
                    // A checkpoint that is ahead of its row, or behind it, is looked at again with the next.
                    match peek(&folder, &recipe, &corpus) {
                        Ok(mut shown) => {
                            maps.append(&mut shown.maps);
                            shown.maps.clone_from(&maps);
                            let new = report::live(&recipe.name, &[shown]);
                            *page.lock().unwrap_or_else(PoisonError::into_inner) = new;
                        }
                        Err(error) => break Err(error.into()),
                    }
                }
                std::thread::sleep(LOOK);
            };
            server.unblock();
            result
        })
    }
}

/// Answers every request with the page as it is now.
fn serve(server: &Server, page: &Mutex<String>) {
    for request in server.incoming_requests() {
        let text = page.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let kind = Header::from_bytes("Content-Type", "text/html; charset=utf-8").expect("a header");
        _ = request.respond(Response::from_string(text).with_header(kind)); // the browser may have gone
    }
}
