//! Replicas that save in one place: each reads what others saved, saves what it did itself, and goes on under an id that nobody else
//! there has at the time. What they do, and when, is what the pages of a browser do with their database.

use std::collections::BTreeSet;

use crdt_range_map::node::{LinkId, Page};
use crdt_range_map::{Node, ReplicaId};

use crate::disk::{Save, Writing};
use crate::keys::SimulatedKey;
use crate::limits::DIGESTS_OFF_MS;
use crate::oracle::Place as Registered;
use crate::place::Place;
use crate::process::{Life, Process, Running};
use crate::tally::Group;
use crate::world::{World, trace};

/// How often each looks what others saved, and saves what came from somebody who saves nothing.
const LOOK_MS: u64 = 4_000;
/// When what failed is tried again.
const RETRY_MS: u64 = 1_000;

/// The part of a replica in the place.
#[derive(Default)]
pub struct Sharing {
    /// None before it has attached, and after it was put aside.
    pub slot: Option<usize>,
    /// The pieces that it has read.
    read: BTreeSet<u64>,
    /// Whether nobody goes on with its id, so that it may send what is not saved.
    sends_unsaved: bool,
    /// The same since the page that is out was made.
    is_posted: bool,
    /// Whether it has saved something, and holds back again what is not saved, once it has said what comes next.
    has_saved: bool,
    /// Whether it found something damaged.
    needs_repair: bool,
    /// When it attaches, or looks.
    pub due_ms: u64,
}

impl Sharing {
    /// Whether something was saved since it was asked: then it holds back what is not.
    pub fn holds_back_again(&mut self) -> bool {
        self.sends_unsaved &= !self.has_saved;
        core::mem::take(&mut self.has_saved)
    }
}

impl<K: SimulatedKey> World<K> {
    fn place(&mut self) -> &mut Place {
        self.place.as_mut().expect("somebody shares it")
    }

    /// Its part in the place, if it runs and has one.
    fn sharing(&mut self, at: usize) -> Option<&mut Sharing> {
        self.processes[at].running_mut()?.sharing.as_mut()
    }

    /// Starts a replica that knows nothing yet, under an id that nobody goes on with.
    pub fn start_sharing(&mut self, at: usize) -> Result<(), String> {
        let (options, fresh, seed) = (self.options(at, false), self.unused_id(), self.random.next());
        let mut node = Node::with(options, fresh, seed).map_err(|wrong| wrong.to_string())?;
        self.writers.push(fresh);
        node.share_storage();
        trace!(self, "{at} starts as {fresh}, and is to share the place");
        let mut running = Running::start(node, false);
        // It works before it has read anything, or not.
        let wait_ms = self.place().random.pick(&[0, 0, 0, 20, 3_000]);
        let due_ms = self.now_ms + wait_ms;
        running.sharing = Some(Sharing { due_ms, sends_unsaved: true, ..Sharing::default() });
        let clock_ms = self.processes[at].clock_ms(self.now_ms);
        self.processes[at].wires.iter().for_each(|wire| running.open(*wire, clock_ms));
        self.processes[at].life = Life::Running(Box::new(running));
        self.pump(at)?;
        if wait_ms == 0 { self.look(at) } else { Ok(()) }
    }

    /// Looks what others saved, or attaches first; and saves what is missing, or all in one.
    pub fn look(&mut self, at: usize) -> Result<(), String> {
        let now_ms = self.now_ms;
        let Some(running) = self.processes[at].running_mut() else { return Ok(()) };
        let Some(sharing) = &mut running.sharing else { return Ok(()) };
        sharing.due_ms = now_ms + LOOK_MS;
        if sharing.slot.is_none() {
            return self.attach(at);
        }
        let is_own = |writing: &Writing<K>| writing.page.is_own;
        let needs = running.writing.is_some() || sharing.needs_repair;
        if running.writing.as_ref().is_some_and(is_own)
            || !needs && self.place().random.percent(75)
            || !self.read(at)?
        {
            return Ok(());
        }
        let running = self.processes[at].running_mut().expect("it has not crashed");
        // If nothing was read, what came from others is still to be saved.
        let writing = running.writing.take_if(|writing| !writing.page.is_own);
        let fails = self.random.percent(self.faults.unsaved_percent);
        match writing {
            Some(writing) if fails => {
                self.tally.fault("page that could not be saved");
                self.processes[at].running_mut().expect("it has not crashed").writing = Some(writing);
            }
            Some(writing) => self.end_piece(at, writing),
            None => {}
        }
        let needs_repair = self.sharing(at).is_some_and(|sharing| sharing.needs_repair);
        if !fails && (needs_repair || self.place().random.percent(15)) {
            self.save_snapshot(at);
        }
        self.pump(at)
    }

    /// Learns all that is saved, goes on under the id of a slot, and saves from now on.
    fn attach(&mut self, at: usize) -> Result<(), String> {
        let now_ms = self.now_ms;
        if self.random.percent(self.faults.unsaved_percent) {
            self.tally.fault("shared place that could not be opened");
            return Ok(());
        }
        let World { place, tally, .. } = self;
        let place = place.as_mut().expect("somebody shares it");
        let slot = place.take_slot();
        place.may_be_damaged(tally);
        let sharing = self.sharing(at).expect("it attaches");
        sharing.read = BTreeSet::new();
        let running = self.processes[at].running_mut().expect("it attaches");
        running.node.forget_saved();
        running.writing = None;
        // It writes nothing before it has read all.
        if !self.read(at)? {
            self.place().free_slot(slot);
            return Ok(());
        }
        let Self { processes, place, .. } = self;
        let running = processes[at].running_mut().expect("it has not crashed");
        let place = place.as_mut().expect("somebody shares it");
        let before = running.map().clone();
        let (former, known) = (before.replica(), before.state().context());
        if !place.is_all_in(before.state().version()) {
            return Err(format!("{at} does not find all that was saved"));
        }
        let row = place.row(slot);
        let is_resumed = row.is_some_and(|(id, next)| running.node.go_on_as(id, next));
        let is_retired = |id: ReplicaId| before.state().retired().contains(id);
        match row {
            Some((id, _)) if is_resumed => {
                let seq = known.last_seq(id);
                if self.saved.get(&id).is_none_or(|saved| *saved > seq) {
                    return Err(format!("{at} goes on as {id} from {seq}, and {:?} was saved", self.saved));
                }
                self.tally.fault("went on under an id from a shared place");
                self.oracle.forget_after(id, seq);
                self.saved.insert(id, seq);
                let all: Vec<Registered> = (0..self.oracle.places.len()).collect();
                let dropped = self.processes[at].running().map_or(0, Running::own_seq) - seq;
                self.note_drops(at, &all, dropped, &before)?;
            }
            Some((id, _)) if !place.is_damaged && !is_retired(id) => {
                return Err(format!("{at} does not go on as {id}, although all is there"));
            }
            _ => {
                // The id stays in the slot until another is saved there: who finds more than this one may go on with it.
                self.take_unused_id(at);
                let id = self.processes[at].running().expect("it runs").map().replica();
                self.saved.insert(id, 0);
            }
        }
        self.oracle.announce(former);
        let running = self.processes[at].running_mut().expect("it runs");
        running.is_durable = true;
        running.node.set_sends_unsaved(false);
        let id = running.map().replica();
        // What it did meanwhile is written now.
        let waiting = running.writing.iter_mut().filter(|writing| writing.page.is_own);
        waiting.for_each(|writing| writing.due_ms = now_ms);
        let sharing = self.sharing(at).expect("it attaches");
        (sharing.slot, sharing.sends_unsaved) = (Some(slot), false);
        trace!(self, "{at} was {former}, and attaches as {id}");
        (0..self.processes.len()).try_for_each(|at| self.check_claims(at))?;
        self.check_all(at)?;
        self.pump(at)
    }

    fn take_unused_id(&mut self, at: usize) {
        let fresh = self.unused_id();
        self.writers.push(fresh);
        let Some(running) = self.processes[at].running_mut() else { return };
        let former = running.map().replica();
        running.node.set_replica(fresh);
        self.oracle.announce(former);
    }

    /// Reads what others saved since it last did. Returns whether it still runs.
    fn read(&mut self, at: usize) -> Result<bool, String> {
        let Self { processes, place: Some(place), .. } = self else { return Ok(false) };
        let Some(sharing) = processes[at].running_mut().and_then(|running| running.sharing.as_mut()) else {
            return Ok(false);
        };
        let mut is_news = false;
        for piece in place.unread(&mut sharing.read) {
            if self.may_crash(at) {
                return Ok(false);
            }
            let clock_ms = self.processes[at].clock_ms(self.now_ms);
            let running = self.processes[at].running_mut().expect("it has not crashed");
            let before = running.map().clone();
            if running.node.absorb(&piece).is_err() {
                running.sharing.as_mut().expect("it reads").needs_repair = true;
                continue;
            }
            // It counts for nothing any more.
            running.writing = None;
            self.tally.count(Group::Schedules, "pieces read in shared places");
            trace!(self, "{at} reads {} bytes", piece.len());
            self.note_renaming(at, before.replica())?;
            let heard = self.hear(at, LinkId(u64::MAX), clock_ms)?;
            self.follow(at, &before, &heard, None)?;
            is_news |= self.processes[at].running().is_some_and(|it| it.map().state() != before.state());
            self.pump(at)?;
        }
        if is_news && self.config.digest_interval_ms > DIGESTS_OFF_MS {
            // It is sent to nobody, since its writer did that, or will be asked. That one may be gone, and no digest tells of it.
            self.rejoin(at)?;
        }
        Ok(self.processes[at].running().is_some())
    }

    /// A page is handed out. What was done here is written at once, and what came from others when it next looks.
    pub fn begin_piece(&mut self, at: usize, page: Page) -> Result<(), String> {
        self.announce(at);
        let wait_ms = self.place().random.pick(&[0, 0, 1, 30, 60, 2_000]);
        let running = self.processes[at].running_mut().expect("it has not crashed");
        let sharing = running.sharing.as_mut().expect("it shares");
        if running.writing.as_ref().is_some_and(|writing| writing.page.is_own) {
            return Err(format!("{at} hands out page {} before the last is saved", page.number));
        }
        let is_written = page.is_own && sharing.slot.is_some();
        let due_ms = if is_written { self.now_ms + wait_ms } else { u64::MAX };
        trace!(self, "{at} has page {}, own {:?}, to be written at {due_ms}", page.number, page.own);
        sharing.is_posted = sharing.sends_unsaved;
        if is_written && !sharing.is_posted && !page.own.is_empty() && !running.is_durable {
            // Once this page is there, somebody may go on with its id. What is on it may have been sent while that was given up.
            running.is_durable = true;
            self.saved.insert(page.replica, page.own.end - 1);
        }
        let map = running.node.map();
        let save = Save { replica: map.replica(), seq: map.last_own_seq(), state: map.state().clone() };
        running.writing = Some(Writing { page, save, due_ms });
        // While it reads, a page that is made then is likely to be made anew.
        if is_written && wait_ms == 0 && !self.may_crash(at) {
            self.end_writing(at);
        }
        Ok(())
    }

    /// The page that is being written in the place is saved, or it turns out that it cannot be.
    pub fn end_own_piece(&mut self, at: usize) {
        let Some(running) = self.processes[at].running_mut() else { return };
        let is_attached = running.sharing.as_ref().is_some_and(|sharing| sharing.slot.is_some());
        let Some(mut writing) = running.writing.take_if(|writing| is_attached && writing.page.is_own) else {
            return;
        };
        if !self.random.percent(self.faults.unsaved_percent) {
            return self.end_piece(at, writing);
        }
        self.tally.fault("page that could not be saved");
        writing.due_ms = self.now_ms + RETRY_MS;
        running_of(&mut self.processes[at].life).writing = Some(writing);
        self.give_up_id(at);
    }

    fn end_piece(&mut self, at: usize, Writing { page, save, .. }: Writing<K>) {
        self.tally.count(Group::Schedules, "pages saved in shared places");
        self.hold_piece(at, &page, &save);
        let running = self.processes[at].running_mut().expect("it has not crashed");
        running.node.saved(page.number);
        running.sharing.as_mut().expect("it shares").has_saved = true;
    }

    /// The page is in the place.
    fn hold_piece(&mut self, at: usize, page: &Page, save: &Save<K>) {
        let Self { processes, place: Some(place), saved, .. } = self else { return };
        let process = &mut processes[at];
        let running = running_of(&mut process.life);
        let is_current = running.map().replica() == save.replica;
        let sharing = running.sharing.as_mut().expect("it shares");
        let slot = sharing.slot.filter(|_| !sharing.is_posted && !page.own.is_empty());
        let replaced = slot.and_then(|slot| place.row(slot)).filter(|(id, _)| *id != page.replica);
        replaced.iter().for_each(|(id, _)| _ = saved.remove(id));
        sharing.read.insert(place.append(page, slot, save.state.version()));
        self.note_in_place(at, save);
        if slot.is_some() && is_current {
            self.processes[at].former.drain(..).for_each(|former| _ = self.saved.remove(&former));
        }
    }

    /// All that a replica knew then is in the place, and so what it did itself, under a former id too.
    fn note_in_place(&mut self, at: usize, save: &Save<K>) {
        for id in self.processes[at].former.iter().chain([&save.replica]) {
            if let Some(saved) = self.saved.get_mut(id) {
                *saved = (*saved).max(save.state.context().last_seq(*id));
            }
        }
    }

    fn save_snapshot(&mut self, at: usize) {
        self.announce(at);
        let Self { processes, place: Some(place), .. } = self else { return };
        let running = running_of(&mut processes[at].life);
        let map = running.node.map();
        let save = Save { replica: map.replica(), seq: map.last_own_seq(), state: map.state().clone() };
        let sharing = running.sharing.as_mut().expect("it shares");
        let bytes = save.state.encode();
        sharing.read.insert(place.append_snapshot(&bytes, sharing.read.clone(), save.state.version()));
        sharing.needs_repair = false;
        self.tally.count(Group::Schedules, "snapshots of shared places");
        trace!(self, "{at} saves all of it");
        self.note_in_place(at, &save);
    }

    /// It could not save: if its id can be taken out of the pool, nothing has to wait for that.
    fn give_up_id(&mut self, at: usize) {
        let Self { processes, place: Some(place), saved, .. } = self else { return };
        let Process { life, former, .. } = &mut processes[at];
        let running = running_of(life);
        let sharing = running.sharing.as_mut().expect("it shares");
        if sharing.sends_unsaved || place.random.percent(30) {
            return;
        }
        let in_row = sharing.slot.and_then(|slot| place.abandon(slot));
        (sharing.sends_unsaved, sharing.is_posted, running.is_durable) = (true, true, false);
        running.node.set_sends_unsaved(true);
        former.drain(..).chain([running.map().replica()]).chain(in_row).for_each(|id| _ = saved.remove(&id));
        self.tally.fault("id given up, since nothing could be saved");
        trace!(self, "{at} gives up its id");
    }

    /// Perhaps saves what waits, and gives back its id: to be put aside, or for good. Returns whether it did.
    pub fn may_leave(&mut self, at: usize) -> Result<bool, String> {
        let Some(place) = &mut self.place else { return Ok(false) };
        if !place.random.permille(30) {
            return Ok(false);
        }
        for _ in 0..2 {
            self.end_own_piece(at);
            if self.processes[at].running().is_some() {
                self.pump(at)?;
            }
        }
        let Some(sharing) = self.sharing(at).filter(|sharing| sharing.slot.is_some()) else {
            return Ok(false);
        };
        if !sharing.sends_unsaved && self.processes[at].running().is_some_and(|it| it.node.has_unsaved()) {
            self.give_up_id(at);
        }
        let running = running_of(&mut self.processes[at].life);
        let sharing = running.sharing.as_mut().expect("it shares");
        if running.node.has_unsaved() && !sharing.sends_unsaved {
            // What is held back belongs to an id that is gone on with.
            return Ok(false);
        }
        trace!(self, "{at} leaves the shared place");
        self.tally.fault("left a shared place");
        self.free_slot(at);
        let (is_for_good, wait_ms) = (self.place().random.percent(50), self.place().random.below(8_000));
        let due_ms = self.now_ms + wait_ms;
        let running = running_of(&mut self.processes[at].life);
        (running.is_durable, running.writing) = (false, None);
        running.node.set_sends_unsaved(true);
        running.sharing = Some(Sharing { due_ms, sends_unsaved: true, ..Sharing::default() });
        self.take_unused_id(at);
        if is_for_good {
            let running = running_of(&mut self.processes[at].life);
            running.node.leave_storage();
            running.sharing = None;
        }
        self.pump(at)?;
        Ok(true)
    }

    /// What becomes of its part in the place when a replica crashes: the page that it was writing may be there.
    pub fn end_sharing(&mut self, at: usize) {
        let Some(running) = self.processes[at].running_mut().filter(|running| running.sharing.is_some())
        else {
            return;
        };
        let writing = running.writing.take_if(|writing| writing.page.is_own && writing.due_ms < u64::MAX);
        if let Some(Writing { page, save, .. }) = writing {
            let is_held = self.place().random.percent(50);
            self.tally.fault(if is_held { "page held in spite of a crash" } else { "page lost in a crash" });
            if is_held {
                self.hold_piece(at, &page, &save);
            }
        }
        self.free_slot(at);
    }

    /// Somebody else may go on under the id in its slot, and nobody under the others that it had.
    fn free_slot(&mut self, at: usize) {
        let Self { processes, place: Some(place), saved, .. } = self else { return };
        let Process { life, former, .. } = &mut processes[at];
        let running = running_of(life);
        let slot = running.sharing.as_mut().and_then(|sharing| sharing.slot.take());
        let row = slot.and_then(|slot| place.row(slot));
        slot.into_iter().for_each(|slot| place.free_slot(slot));
        let ids = former.drain(..).chain([running.map().replica()]);
        let is_gone = |id: &ReplicaId| row.is_none_or(|(in_row, _)| in_row != *id);
        ids.filter(is_gone).for_each(|id| _ = saved.remove(&id));
    }

    /// Who says that nothing is unsaved has all that it did in the place.
    pub fn check_saved(&self, at: usize) -> Result<(), String> {
        let (Some(place), Some(running)) = (&self.place, self.processes[at].running()) else { return Ok(()) };
        let is_attached = running.sharing.as_ref().is_some_and(|sharing| sharing.slot.is_some());
        let (id, seq) = (running.map().replica(), running.own_seq());
        match !is_attached || running.node.has_unsaved() || place.holds_all_of(id, seq) {
            true => Ok(()),
            false => Err(format!("{at} takes for saved what is not: number {seq}")),
        }
    }

    /// What must hold of the place when all are equal, and have had time to save: whoever comes then finds all of it.
    pub fn check_place(&mut self) -> Result<(), String> {
        if self.place.is_some() {
            self.run_for(5 * LOOK_MS)?;
        }
        let Some(place) = &self.place else { return Ok(()) };
        let mut reader = Node::<K>::new(self.unused_id(), self.seed);
        let read = place.unread(&mut BTreeSet::new());
        let broken = read.iter().filter(|piece| reader.absorb(piece).is_err()).count();
        let found = reader.map().state();
        if broken > 0 && !place.is_damaged || !place.is_all_in(found.version()) {
            return Err("the shared place lacks something that was saved".into());
        }
        let is_attached =
            |it: &&Running<K>| it.sharing.as_ref().is_some_and(|sharing| sharing.slot.is_some());
        let attached = self.processes.iter().filter_map(|process| process.running()).find(is_attached);
        match attached.filter(|_| !place.is_damaged) {
            Some(running) if running.map().state().version() != found.version() => {
                Err("the shared place lacks something that all know".into())
            }
            Some(running) if !running.map().registrations().eq(reader.map().registrations()) => {
                Err("the shared place shows something else".into())
            }
            _ => Ok(()),
        }
    }
}

fn running_of<K>(life: &mut Life<K>) -> &mut Running<K> {
    match life {
        Life::Running(running) => running,
        Life::Down { .. } => panic!("it has crashed"),
    }
}
