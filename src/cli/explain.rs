//! `bgh explain`: why a step ran or would run, value by value.

use clap::Args;

use super::Failure;
use super::session::SpecArguments;
use crate::execute::{Executor, Options, Reason, State};

/// Arguments of `bgh explain`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    spec: SpecArguments,

    /// The step, by label (`train[…]`) or kind (`train`)
    step: String,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let session = arguments.spec.open()?;
    let options = Options { experiment: session.experiment.name.clone(), ..Options::default() };
    let executor = Executor::survey(&session.plan, &session.store, &options)?;
    for id in session.matching(&arguments.step)? {
        let label = &session.plan.step(id).label;
        match executor.state(id) {
            State::Done { action, provenance, .. } => {
                println!("{label}: cached, action {} ({:.1} s on {})", action.short(), provenance.seconds, provenance.host);
            }
            State::Ready { reason: Reason::Changed(changes), .. } => {
                println!("{label}: will run, because since its last run");
                changes.iter().for_each(|change| println!("  {change}"));
            }
            State::Ready { reason, .. } => println!("{label}: will run ({reason})"),
            _ => {
                let open = |producer: &_| !matches!(executor.state(*producer), State::Done { .. });
                println!("{label}: waits, because these are not done");
                session
                    .plan
                    .producers(id)
                    .filter(open)
                    .for_each(|producer| println!("  {}", session.plan.step(producer).label));
            }
        }
    }
    Ok(())
}
