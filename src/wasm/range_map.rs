//! The class `RangeMap`.

use std::rc::Rc;

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use super::answers::{self, OwnerLists, Ranges, Splits};
use super::arguments;
use super::connection::Connection;
use super::errors::{Code, Failure};
use super::journal::Journal;
use super::link::Link;
use super::operation::{Operation, Verb};
use super::replica::Replica;
use super::values;
use crate::delta::Delta;
use crate::id::ReplicaId;
use crate::sync::presence::Name;
use crate::version::Version;

/// One replica of a shared map: which nodes serve which key ranges, and in which order of preference.
///
/// Operations change this replica at once and return a delta, bytes for the other replicas. Deltas may arrive late, twice and
/// in any order: replicas that have learnt the same agree on everything, without anybody coordinating.
///
/// Every method that refuses a call throws a `RangeMapError` with a stable `code`, and has changed nothing.
///
/// The memory is WebAssembly's: call `free()` when you are done, or declare the map with `using`. A map that is forgotten is
/// freed by the garbage collector at some time. After `free()` every method throws.
#[wasm_bindgen]
pub struct RangeMap {
    replica: Rc<Replica>,
}

#[wasm_bindgen]
impl RangeMap {
    /// An empty replica. `replica` is the id that it writes under, a bigint; left out, it is a fresh random one, which is right
    /// nearly always: an id must never be used by two writers, nor again by a writer that lost its state.
    ///
    /// Throws `invalid-replica`.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_optional_param_type = "bigint")] replica: &JsValue,
    ) -> Result<RangeMap, Failure> {
        let replica = arguments::replica(replica)?;
        Ok(Self { replica: Rc::new(Replica::new(replica)) })
    }

    /// The id that this replica writes under.
    #[wasm_bindgen(getter)]
    pub fn replica(&self) -> u64 {
        self.replica.map().replica().get()
    }

    /// Goes on under another id, a fresh random one if it is left out, with everything that is known: for instance because somebody
    /// else may write under the present one from now on. The id must not be in use elsewhere, and if it wrote before, this map must
    /// know all that it wrote.
    ///
    /// Throws `invalid-replica`.
    #[wasm_bindgen(js_name = setReplica)]
    pub fn set_replica(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "bigint")] replica: &JsValue,
    ) -> Result<(), Failure> {
        self.replica.set_replica(arguments::replica(replica)?);
        Ok(())
    }

    /// Announces that `node` serves the keys from `start` up to, but not including, `end`; `null` is no upper end.
    ///
    /// Returns the delta for the other replicas. A registration has priority 1, however often it is made; registering again
    /// still counts against a release elsewhere that has not heard of it. O(log n) for n registrations.
    ///
    /// Throws `invalid-node`, `invalid-key`, `invalid-range`, `exhausted`, `retired`.
    #[wasm_bindgen(unchecked_return_type = "Uint8Array")]
    pub fn register(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] node: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "Key")] start: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "Key | null")] end: &JsValue,
    ) -> Result<JsValue, Failure> {
        self.operate(Verb::Register, node, start, end)
    }

    /// Withdraws a registration: everything that this replica knows of it. What others add to it at the same time survives.
    ///
    /// Returns the delta for the other replicas, empty if there was nothing to withdraw. O(log n).
    ///
    /// Throws `invalid-node`, `invalid-key`, `invalid-range`, `exhausted`, `retired`.
    #[wasm_bindgen(unchecked_return_type = "Uint8Array")]
    pub fn release(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] node: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "Key")] start: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "Key | null")] end: &JsValue,
    ) -> Result<JsValue, Failure> {
        self.operate(Verb::Release, node, start, end)
    }

    /// Raises a registration's priority by `by`, 1 if it is left out. If there is no such registration it is made, with
    /// priority `by`.
    ///
    /// Returns the delta for the other replicas. O(log n).
    ///
    /// Throws `invalid-node`, `invalid-key`, `invalid-range`, `invalid-amount`, `exhausted`, `retired`.
    #[wasm_bindgen(unchecked_return_type = "Uint8Array")]
    pub fn increase(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] node: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "Key")] start: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "Key | null")] end: &JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "number")] by: &JsValue,
    ) -> Result<JsValue, Failure> {
        self.operate(Verb::Increase(arguments::amount(by)?), node, start, end)
    }

    /// Lowers a registration's priority by `by`, 1 if it is left out. What would fall below 1 is released.
    ///
    /// Returns the delta for the other replicas, empty if there is no such registration. O(log n).
    ///
    /// Throws `invalid-node`, `invalid-key`, `invalid-range`, `invalid-amount`, `exhausted`, `retired`.
    #[wasm_bindgen(unchecked_return_type = "Uint8Array")]
    pub fn decrease(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] node: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "Key")] start: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "Key | null")] end: &JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "number")] by: &JsValue,
    ) -> Result<JsValue, Failure> {
        self.operate(Verb::Decrease(arguments::amount(by)?), node, start, end)
    }

    /// Moves a registration to a smaller range within its own, and keeps at least its priority, in one delta.
    ///
    /// Returns the delta for the other replicas. O(log n).
    ///
    /// Throws `not-registered`, `not-sub-range`, `invalid-node`, `invalid-key`, `invalid-range`, `exhausted`, `retired`.
    #[wasm_bindgen(unchecked_return_type = "Uint8Array")]
    pub fn tighten(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] node: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "RangeInput")] from: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "RangeInput")] to: &JsValue,
    ) -> Result<JsValue, Failure> {
        let node = arguments::node(node)?;
        let [from, to] = arguments::ranges(from, to)?;
        self.replica.tighten(&node, &from, &to)
    }

    /// Does many operations in one call, in order, and returns their joined delta: the way to make many changes at once.
    ///
    /// All or nothing: if one item is not what it must be, the error names its place in the message and as `index`, and none
    /// was done. Subscribers are told once. `tighten` is not among the operations, since whether it is possible may depend on
    /// those before it. O(log n) each.
    ///
    /// Throws `invalid-operation`, `invalid-node`, `invalid-key`, `invalid-range`, `invalid-amount`, `exhausted`, `retired`.
    #[wasm_bindgen(unchecked_return_type = "Uint8Array")]
    pub fn apply(
        &self,
        #[wasm_bindgen(unchecked_param_type = "readonly Operation[]")] operations: &JsValue,
    ) -> Result<JsValue, Failure> {
        self.replica.operate(&arguments::operations(operations)?)
    }

    /// Learns what a delta, or the full state of another replica, carries. Bytes may come from anybody: what is no delta is
    /// refused. An empty array, the delta of an operation that did nothing, is taken and changes nothing.
    ///
    /// A replica that learns that all it contributed to a registration was reset elsewhere drops its record of it. The others
    /// hear of that with the next operation's delta, at once over a connection, or from `state()`.
    ///
    /// Returns disjoint ranges in order that hold every key whose owners may have changed. O(log n) for a small delta; for
    /// a state O(n/64), and O(64) for each registration that differs.
    ///
    /// Throws `malformed`.
    #[wasm_bindgen(unchecked_return_type = "Range[]")]
    pub fn merge(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] delta: &JsValue,
    ) -> Result<JsValue, Failure> {
        let bytes = values::delta(delta)?;
        let delta = if bytes.is_empty() { Delta::default() } else { Delta::decode(&bytes)? };
        let changes = self.replica.merge(&delta);
        Ok(changes.ranges().iter().collect::<Ranges>().objects())
    }

    /// Everything that this replica knows, itself a delta. Equal states have equal bytes. O(n).
    #[wasm_bindgen(unchecked_return_type = "Uint8Array")]
    pub fn state(&self) -> JsValue {
        values::bytes(&self.replica.map().state().encode())
    }

    /// What this replica knows, in a few bytes for each writer: for `deltaSince` of another replica. It is no delta.
    #[wasm_bindgen(unchecked_return_type = "Uint8Array")]
    pub fn context(&self) -> JsValue {
        values::bytes(&self.replica.map().state().version().encode())
    }

    /// What a replica lacks that knows only that much, as a delta for anybody: the answer to its `context()`. Empty if it lacks
    /// nothing; `undefined` if it is too far behind, for this replica remembers some thousands of recent effects: then hand it `state()`.
    ///
    /// Throws `malformed`.
    #[wasm_bindgen(js_name = deltaSince, unchecked_return_type = "Uint8Array | undefined")]
    pub fn delta_since(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] context: &JsValue,
    ) -> Result<JsValue, Failure> {
        let version = Version::decode(&values::context(context)?)?;
        let lacking = self.replica.map().delta_since(&version);
        Ok(lacking.map_or(JsValue::UNDEFINED, |delta| {
            values::bytes(&if delta.is_empty() { Vec::new() } else { delta.encode() })
        }))
    }

    /// Declares that a replica writes no more: its device is lost, its tab is gone for good. What it contributed stays and counts as
    /// before. Its records of registrations that were released, which only it could drop, are dropped later: by `maintain()`, or
    /// over a connection when the replicas there agree. What nobody has told of by then counts as lost.
    ///
    /// What it sends later over a connection is refused. If it lives and learns of this, it goes on under another id: by itself over a
    /// connection; else its operations throw `retired` until `setReplica()`. It cannot be taken back.
    ///
    /// Returns the delta for the other replicas, empty if it is known already. O(log r) for r retired.
    ///
    /// Throws `invalid-replica`, `exhausted`, `retired`.
    #[wasm_bindgen(unchecked_return_type = "Uint8Array")]
    pub fn retire(
        &self,
        #[wasm_bindgen(unchecked_param_type = "bigint")] replica: &JsValue,
    ) -> Result<JsValue, Failure> {
        self.replica.retire(ReplicaId::new(values::replica(replica)?))
    }

    /// Whether this replica is known to be retired, so that operations throw `retired`, until `setReplica()`. Over a connection it
    /// goes on under another id by itself.
    #[wasm_bindgen(getter, js_name = isRetired)]
    pub fn is_retired(&self) -> bool {
        self.replica.map().is_retired()
    }

    /// Clears what counts for nothing and would stay: what is left of registrations that concurrent decreases have pushed below 1,
    /// and reset records of retired writers: of these at once, or, once anything came over a connection, when the other replicas agree.
    /// Nothing that is visible changes. For a quiet moment now and then; one replica is enough.
    ///
    /// Returns the delta for the other replicas, empty if there is nothing to clear. O(n).
    ///
    /// Throws `exhausted`, `retired`.
    #[wasm_bindgen(unchecked_return_type = "Uint8Array")]
    pub fn maintain(&self) -> Result<JsValue, Failure> {
        self.replica.maintain()
    }

    /// A hash of what this replica knows: replicas with equal fingerprints know the same and answer the same. O(replicas).
    pub fn fingerprint(&self) -> u64 {
        self.replica.map().state().version().fingerprint()
    }

    /// Which nodes serve which keys: the maximal ranges with the same owners in the same order, in key order, without the
    /// gaps.
    ///
    /// O(n log k) when they are first asked for, O(log n) for each that changed since then, and the size of the answer.
    #[wasm_bindgen(unchecked_return_type = "Split[]")]
    pub fn splits(&self) -> JsValue {
        self.split_columns().objects()
    }

    /// The same as `splits()` in a few typed arrays instead of many objects: for ten thousand splits and more.
    ///
    /// O(n log k) when they are first asked for, O(log n) for each that changed since then, and the size of the answer.
    #[wasm_bindgen(js_name = splitColumns, unchecked_return_type = "SplitColumns")]
    pub fn split_columns_js(&self) -> JsValue {
        self.split_columns().columns()
    }

    /// The nodes that serve `key`, in order of preference: by priority, the highest first, then by name.
    ///
    /// O(log n + k) for k owners, and O(log n) for each split that changed since the splits were last asked for.
    ///
    /// Throws `invalid-key`.
    #[wasm_bindgen(unchecked_return_type = "Owner[]")]
    pub fn owners(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Key")] key: &JsValue,
    ) -> Result<JsValue, Failure> {
        let owners = self.replica.map().owners(&values::key(key)?);
        Ok(answers::owners(&owners))
    }

    /// The owners of many keys, as `owners(key)` tells those of one, in typed arrays: those of each key in turn.
    ///
    /// O(log n + k) a key with k owners, and O(log n) for each split that changed since the splits were last asked for.
    ///
    /// Throws `invalid-key`.
    #[wasm_bindgen(js_name = ownersOf, unchecked_return_type = "OwnerColumns")]
    pub fn owners_of(
        &self,
        #[wasm_bindgen(unchecked_param_type = "BigUint64Array | Float64Array | readonly Key[]")]
        keys: &JsValue,
    ) -> Result<JsValue, Failure> {
        let keys = values::keys(keys)?;
        let mut lists = OwnerLists::new();
        let map = self.replica.map();
        keys.iter().for_each(|key| lists.push(&map.owners(key)));
        Ok(lists.columns())
    }

    /// The maximal ranges of keys that nobody serves, in key order. O(n), and O(log n) for each split that
    /// changed since the splits were last asked for.
    #[wasm_bindgen(unchecked_return_type = "Range[]")]
    pub fn gaps(&self) -> JsValue {
        let mut gaps = Ranges::default();
        self.replica.map().gaps().for_each(|gap| gaps.push(&gap));
        gaps.objects()
    }

    /// The registrations, by start, end and node. O(n).
    #[wasm_bindgen(unchecked_return_type = "Registration[]")]
    pub fn registrations(&self) -> JsValue {
        answers::registrations(self.replica.map().registrations())
    }

    /// A registration's priority, or `undefined` if there is no such registration. Exact up to 2^53. O(log n).
    ///
    /// Throws `invalid-node`, `invalid-key`, `invalid-range`.
    #[wasm_bindgen(unchecked_return_type = "number | undefined")]
    pub fn priority(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] node: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "Key")] start: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "Key | null")] end: &JsValue,
    ) -> Result<Option<f64>, Failure> {
        let (node, range) = (arguments::node(node)?, arguments::range(start, end)?);
        Ok(self.replica.map().priority(&node, &range).map(|priority| priority as f64))
    }

    /// Calls back after each operation or merge that changed a priority, and returns the function that ends that.
    ///
    /// The callback may call the map. What it changes is told after what is being told, so every subscriber hears of all
    /// changes in order. What it throws is reported like an exception in an event handler (the `error` event; in Node an
    /// unhandled rejection) and disturbs nobody else. A callback that is called within an operation of this map should not
    /// `free()` it: that takes effect when the operation returns, but throws.
    ///
    /// Throws `invalid-callback`.
    #[wasm_bindgen(js_name = onChange, unchecked_return_type = "() => void")]
    pub fn on_change(
        &self,
        #[wasm_bindgen(unchecked_param_type = "(change: Change) => void")] callback: &JsValue,
    ) -> Result<JsValue, Failure> {
        let callback = values::callback(callback)?;
        Ok(self.replica.subscribers().subscribe(callback))
    }

    /// Synchronises with every map that is connected to the same channel: what each knows reaches all.
    ///
    /// A string names a BroadcastChannel, which reaches other tabs and workers of the same origin, and this page. Anything that
    /// looks like one, see `Channel`, carries the messages elsewhere, or makes trouble for a test.
    ///
    /// The connection stays open until it is closed or the map is freed, whether or not the returned object is kept. A map has
    /// one connection at a time. In Node, a connection to a BroadcastChannel alone does not keep the process running.
    ///
    /// With a name in `options` the connection takes part in presence: its `peers()` are those who do as well.
    ///
    /// Throws `channel-unavailable`, `already-connected`, `invalid-name`; a channel that was handed in is left as it was then.
    #[wasm_bindgen(unchecked_return_type = "Connection")]
    pub fn connect(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string | Channel")] channel: &JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "ConnectOptions")] options: &JsValue,
    ) -> Result<JsValue, Failure> {
        let channel = values::channel(channel)?;
        let options = values::presence(options, &channel)?;
        let name = options.get(0).as_string().map(Name::new).transpose()?;
        if self.replica.link().is_some() {
            let message = "the map has an open connection: close() it before connecting again";
            return Err(Failure::new(Code::AlreadyConnected, message));
        }
        let link = Link::open(&self.replica, &channel, name.map(|name| (name, options.get(1).as_string())))
            .map_err(|reason| Failure::from(values::channel_failure(&reason)))?;
        let connection = JsValue::from(Connection::new(channel.as_string(), link.clone()));
        link.hold(connection.clone());
        Ok(connection)
    }

    /// Opens a journal, by which what happens here can be saved, and the id gone on with after a restart. A map has one at a time;
    /// what it knows already counts as not saved, but nobody waits for that.
    ///
    /// `onUnsaved` is called when there is something to take where there was nothing, at the end of the operation; see `Journal`.
    ///
    /// Throws `invalid-callback`, `already-journaled`.
    pub fn journal(
        &self,
        #[wasm_bindgen(js_name = onUnsaved, unchecked_param_type = "() => void")] on_unsaved: &JsValue,
    ) -> Result<Journal, Failure> {
        let on_unsaved = values::callback(on_unsaved)?;
        if self.replica.has_journal() {
            let message = "the map has an open journal: close() it before opening another";
            return Err(Failure::new(Code::AlreadyJournaled, message));
        }
        Ok(Journal::new(&self.replica, on_unsaved))
    }
}

impl RangeMap {
    fn operate(
        &self,
        verb: Verb,
        node: &JsValue,
        start: &JsValue,
        end: &JsValue,
    ) -> Result<JsValue, Failure> {
        let (node, range) = (arguments::node(node)?, arguments::range(start, end)?);
        self.replica.operate(&[Operation { verb, node, range }])
    }

    fn split_columns(&self) -> Splits {
        let mut splits = Splits::new();
        self.replica.map().for_each_split(|split| splits.push(&split));
        splits
    }
}

impl Drop for RangeMap {
    fn drop(&mut self) {
        self.replica.dispose();
    }
}
