//! The order in which parameters get their values: each after those that it reads.

use super::{Pending, Resolver, Value};
use crate::scenario::diagnostic::{Code, Diagnostic};

impl Resolver {
    /// Each value once those that it reads are known.
    pub(super) fn evaluate(&mut self, pending: &[Pending]) -> Vec<Option<Value>> {
        let mut values: Vec<Option<Value>> = pending.iter().map(|_| None).collect();
        let mut readers: Vec<Vec<usize>> = vec![Vec::new(); pending.len()];
        let mut waits: Vec<usize> = vec![0; pending.len()];
        for (i, parameter) in pending.iter().enumerate() {
            waits[i] = parameter.reads.len();
            for &read in &parameter.reads {
                readers[read].push(i);
            }
        }
        let mut done = vec![false; pending.len()];
        let mut ready: Vec<usize> = (0..pending.len()).filter(|&i| waits[i] == 0).collect();
        let mut first_open = 0;
        loop {
            while let Some(i) = ready.pop() {
                done[i] = true;
                values[i] = self.parameter_value(&pending[i]);
                let number = match values[i] {
                    Some(Value::Number(x)) => Some(x),
                    _ => None,
                };
                self.names.set_parameter(&pending[i].name, number);
                release(&readers[i], &mut waits, &done, &mut ready);
            }
            while first_open < done.len() && done[first_open] {
                first_open += 1;
            }
            if first_open == done.len() {
                return values;
            }
            // What is left waits for a cycle: it is reported, counted as known without a value, and the rest goes on.
            let cycle = cycle(pending, &done, first_open);
            self.report_cycle(pending, &cycle);
            for &i in &cycle {
                done[i] = true;
            }
            for &i in &cycle {
                release(&readers[i], &mut waits, &done, &mut ready);
            }
        }
    }

    fn report_cycle(&mut self, pending: &[Pending], cycle: &[usize]) {
        let Some((&first, rest)) = cycle.split_first() else {
            return;
        };
        let parameter = &pending[first];
        let mut path = format!("`{}`", parameter.name);
        for &i in rest {
            path.push_str(&format!(" reads `{}`", pending[i].name));
        }
        path.push_str(&format!(" reads `{}`", parameter.name));
        let mut diagnostic = Diagnostic::new(
            Code::ParameterCycle,
            parameter.span.clone(),
            format!("parameter `{}` is defined by itself", parameter.name),
        )
        .label("in a circle")
        .help(shortened_path(&path));
        if let Some(&second) = rest.first() {
            diagnostic = diagnostic.and(pending[second].span.clone(), "by way of this one");
        }
        self.say(diagnostic);
    }
}

/// Those that waited for a parameter wait for one less.
fn release(readers: &[usize], waits: &mut [usize], done: &[bool], ready: &mut Vec<usize>) {
    for &reader in readers {
        waits[reader] -= 1;
        if waits[reader] == 0 && !done[reader] {
            ready.push(reader);
        }
    }
}

/// A cycle among the parameters that are not done, beginning with its first in the file.
fn cycle(pending: &[Pending], done: &[bool], from: usize) -> Vec<usize> {
    let mut path = vec![from];
    let mut place = vec![usize::MAX; pending.len()];
    place[from] = 0;
    loop {
        let last = path[path.len() - 1];
        // Each open parameter waits for an open one, or it would have been ready.
        let Some(&next) = pending[last].reads.iter().find(|&&read| !done[read]) else {
            return path;
        };
        if place[next] != usize::MAX {
            let mut cycle = path.split_off(place[next]);
            let first = (0..cycle.len()).min_by_key(|&i| cycle[i]).unwrap_or(0);
            cycle.rotate_left(first);
            return cycle;
        }
        place[next] = path.len();
        path.push(next);
    }
}

fn shortened_path(path: &str) -> String {
    const MOST: usize = 300;
    if path.chars().count() <= MOST { path.to_owned() } else { path.chars().take(MOST).chain(" …".chars()).collect() }
}
