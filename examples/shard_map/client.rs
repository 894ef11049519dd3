//! Who starts the processes, lets them drain, die and come, and looks up shards meanwhile.

use std::collections::BTreeSet;
use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::{Failure, LISTEN, PROCESSES, SHARDS};

/// Who starts the processes, and asks them.
pub struct Client {
    socket: UdpSocket,
    processes: Vec<(SocketAddr, Child)>,
    asked: u64,
    found: u64,
}

impl Client {
    pub fn new() -> Result<Self, Failure> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.set_read_timeout(Some(Duration::from_millis(20)))?;
        Ok(Self { socket, processes: Vec::new(), asked: 0, found: 0 })
    }

    fn start(&mut self, name: &str) -> Result<(), Failure> {
        // A free port: the process takes it a moment later.
        let address = UdpSocket::bind("127.0.0.1:0")?.local_addr()?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args([name, &self.socket.local_addr()?.to_string(), &address.to_string()]);
        command.args(self.processes.iter().map(|(address, _)| address.to_string()));
        self.processes.push((address, command.spawn()?));
        Ok(())
    }

    /// The answer to a question, if there is one soon.
    fn ask(&self, address: SocketAddr, question: &str) -> Option<String> {
        self.socket.send_to(question.as_bytes(), address).ok()?;
        let mut packet = [0; 9_000];
        let asked = Instant::now();
        while asked.elapsed() < Duration::from_millis(300) {
            let Ok((length, from)) = self.socket.recv_from(&mut packet) else { continue };
            let text = std::str::from_utf8(&packet[..length]).ok()?;
            // An answer to what was asked before may come late.
            if let Some(answer) = text.strip_prefix(question).filter(|_| from == address) {
                return Some(answer.trim_start_matches(": ").to_owned());
            }
        }
        None
    }

    /// Asks somebody who serves a shard, and goes to them, in their order, until one says that it does.
    fn look_up(&mut self) -> Result<(), Failure> {
        let key = self.asked * 617 % SHARDS;
        let asked = self.processes[(self.asked % self.processes.len() as u64) as usize].0;
        self.asked += 1;
        let Some(owners) = self.ask(asked, &format!("owners {key}")) else { return Ok(()) };
        let mut is_sure = true;
        for owner in owners.split_whitespace() {
            match self.ask(owner.parse()?, &format!("serves {key}")) {
                Some(answer) if answer == "true" => {
                    self.found += 1;
                    return Ok(());
                }
                // It may have been killed, or be slow.
                answer => is_sure &= answer.is_some(),
            }
        }
        if is_sure {
            Err(format!("nobody serves {key}, although {asked} says: {owners:?}").into())
        } else {
            Ok(())
        }
    }

    /// Looks up shards until all processes say the same, which is to be so.
    fn wait_until(&mut self, what: &str, is_so: impl Fn(&str) -> bool) -> Result<(), Failure> {
        let begin = Instant::now();
        let mut said = BTreeSet::new();
        while begin.elapsed() < Duration::from_secs(60) {
            for _ in 0..20 {
                self.look_up()?;
            }
            said = self
                .processes
                .iter()
                .map(|(address, _)| self.ask(*address, "map").unwrap_or_default())
                .collect();
            if let Some(all) = said.first().filter(|all| said.len() == 1 && is_so(all)) {
                println!("{what}, after {:.1} s:\n    {all}", begin.elapsed().as_secs_f32());
                return Ok(());
            }
        }
        Err(format!("{what}: not within a minute, but {said:#?}").into())
    }

    pub fn play(&mut self) -> Result<(), Failure> {
        let is_settled = |said: &str| said.starts_with("too few 0, too many 0:");
        (0..PROCESSES).try_for_each(|number| self.start(&format!("node-{number:02}")))?;
        std::thread::sleep(LISTEN);
        self.wait_until("ten processes agree", |said| {
            is_settled(said) && said.matches("node-").count() == PROCESSES
        })?;

        let leaving = self.processes[3].0;
        self.ask(leaving, "drain");
        self.wait_until("node-03 is drained", |said| is_settled(said) && said.contains("node-03 0"))?;
        self.ask(leaving, "leave").ok_or("it did not say goodbye")?;
        self.processes.remove(3).1.wait()?;

        let mut killed = self.processes.remove(5).1;
        killed.kill()?;
        killed.wait()?;
        self.wait_until("node-06 was killed", |said| is_settled(said) && !said.contains("node-06"))?;

        self.start("node-10")?;
        self.wait_until("node-10 has come, and has its share", |said| {
            let load =
                said.split("node-10 ").nth(1).and_then(|rest| rest.split(',').next()?.parse::<u64>().ok());
            is_settled(said) && load.is_some_and(|load| load >= 50)
        })?;
        if self.found * 10 < self.asked * 9 {
            return Err(format!("only {} of {} look-ups found who serves", self.found, self.asked).into());
        }
        println!(
            "{} of {} look-ups found who serves; the others waited in vain for an answer",
            self.found, self.asked
        );
        Ok(())
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.processes.iter_mut().for_each(|(_, process)| drop(process.kill()));
    }
}
