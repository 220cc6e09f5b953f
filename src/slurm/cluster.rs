//! The cluster as attempts see it: an order goes in, news comes out. Behind it one thread speaks with the controller for all of them.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};

use super::monitor::{Message, Monitor};
use super::{AttemptFolder, Controller, Doubt, Phase, Script};
use crate::site::{Request, Slurm};

/// A Slurm cluster on which steps of some kinds run.
#[derive(Debug)]
pub struct Cluster {
    site: Slurm,
    controller: Controller,
    orders: AtomicU64,
    /// Started with the first order.
    monitor: Mutex<Option<Sender<Message>>>,
}

/// A job that is to run an attempt, or that runs it already.
#[derive(Debug, Clone)]
pub struct Order {
    /// The attempt. Where it holds an intent, that submission is taken over.
    pub folder: AttemptFolder,
    /// What is submitted.
    pub script: Script,
    /// What the job does, for its name: a word.
    pub stage: String,
    /// The step, for people who look at the queue.
    pub label: String,
    /// Where arrays keep their lists and logs.
    pub batches: PathBuf,
}

/// What is heard of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// Slurm has taken it, or had already.
    Submitted {
        /// Its number.
        job: String,
    },
    /// It waits.
    Waiting {
        /// Why, in Slurm's words.
        reason: String,
        /// Whether that may last for ever.
        doubt: Doubt,
    },
    /// It runs.
    Running {
        /// Where.
        node: String,
    },
    /// It is over, and nothing more will be heard.
    Over {
        /// How.
        over: Over,
        /// Its number; empty where it never had one.
        job: String,
        /// Where it ran; empty where nobody knows.
        node: String,
        /// The end of what the script printed.
        words: String,
    },
}

/// How a job ended, as far as Slurm knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Over {
    /// The attempt's folder says how.
    Recorded,
    /// Slurm says how, and the folder says nothing.
    Ended(Phase),
    /// Nobody knows of it any more, or it gives no sign of life.
    Lost(String),
    /// It waits for something that will not come, and was cancelled.
    DeadEnd(String),
    /// Slurm did not take it.
    Refused(String),
}

/// One order under way.
#[derive(Debug)]
pub struct Ticket {
    id: u64,
    news: Receiver<News>,
}

impl Ticket {
    /// What is heard.
    pub fn news(&self) -> &Receiver<News> {
        &self.news
    }
}

impl Cluster {
    /// The cluster as the site file describes it.
    pub fn new(site: Slurm) -> Self {
        let controller = Controller::new(site.job.plain.get("--clusters").map(String::as_str));
        Self { site, controller, orders: AtomicU64::new(0), monitor: Mutex::new(None) }
    }

    /// Whether a step of these names, its stage's and its kind's, runs here.
    pub fn takes(&self, names: &[&str]) -> bool {
        self.site.takes(names)
    }

    /// What its job asks for.
    pub fn request(&self, names: &[&str]) -> Request {
        self.site.request(names)
    }

    /// Jobs in the queue at once.
    pub fn size(&self) -> usize {
        self.site.queued
    }

    /// The site's words.
    pub fn site(&self) -> &Slurm {
        &self.site
    }

    /// `bgh` as nodes find it.
    pub fn program(&self) -> PathBuf {
        let own = || std::env::current_exe().unwrap_or_else(|_| "bgh".into());
        self.site.program.clone().unwrap_or_else(own)
    }

    /// Has the order carried out.
    pub fn place(&self, order: Order) -> Ticket {
        let (sender, news) = mpsc::channel();
        let id = self.orders.fetch_add(1, Ordering::Relaxed);
        self.tell(Message::Place { id, order: Box::new(order), tell: sender });
        Ticket { id, news }
    }

    /// Has the job of a ticket cancelled; its end is news like any other.
    pub fn cancel(&self, ticket: &Ticket) {
        self.tell(Message::Cancel(ticket.id));
    }

    /// Takes the order of a ticket back if it has not been submitted; a job goes on.
    pub fn withdraw(&self, ticket: &Ticket) {
        self.tell(Message::Withdraw(ticket.id));
    }

    fn tell(&self, message: Message) {
        let mut monitor = self.monitor.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let sender = monitor.get_or_insert_with(|| Monitor::start(self.site.clone(), self.controller.clone()));
        // The monitor lives as long as its sender.
        let _ = sender.send(message);
    }
}
