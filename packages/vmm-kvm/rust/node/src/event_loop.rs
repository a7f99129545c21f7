//! The event loop of an environment, as the threads of its calls see it: what they send arrives there in order, until
//! the environment ends.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::ffi::c_void;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use napi::{Env, Result, check_status, sys};
use twinwall_vmm_kvm::{Crew, HostMessage};

use crate::async_call::{self, Reply};
use crate::async_restore::Handover;
use crate::machine::Inner;

/// Most records that are served in one turn of the event loop.
const RECORDS: usize = 64;

/// What the thread of a call sends.
pub(crate) enum Event {
    /// The guest wants something.
    Guest(HostMessage),
    /// The call is over, and its machine is back. The last event of its call.
    Done(Box<Reply>, Arc<Handover>),
    /// The call is over, and its machine is being restored.
    Reply(Box<Reply>),
    /// That is over. The last event of its call or restore.
    Restored,
}

/// An event, and the number of its call.
type Letter = (u64, Event);

/// Where threads leave events for the event loop.
pub(crate) struct Post {
    /// Absent once the environment has ended, which waits for those that wake it.
    wake: RwLock<Option<Wake>>,
    state: Mutex<PostState>,
}

#[derive(Default)]
struct PostState {
    queue: VecDeque<Letter>,
    /// The event loop was woken, and has not come yet.
    woken: bool,
}

/// The threadsafe function that wakes the event loop. It carries no data: what the threads say lies in the queue.
struct Wake(sys::napi_threadsafe_function);

// SAFETY: a threadsafe function may be called by any thread, as long as it exists: it is taken out of the post, under
// the post's lock, before its environment ends.
unsafe impl Send for Wake {}
// SAFETY: and by several at a time.
unsafe impl Sync for Wake {}

impl Wake {
    fn call(&self) {
        // SAFETY: as above. A failure is the environment's end, which the post is told of.
        unsafe {
            sys::napi_call_threadsafe_function(
                self.0,
                ptr::null_mut(),
                sys::ThreadsafeFunctionCallMode::nonblocking,
            );
        }
    }
}

impl Post {
    fn lock(&self) -> MutexGuard<'_, PostState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self) -> RwLockReadGuard<'_, Option<Wake>> {
        self.wake.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends an event of a call. Without its environment nothing is sent, the event is dropped, and this is false.
    pub(crate) fn send(&self, call: u64, event: Event) -> bool {
        let wake = self.wake();
        let Some(wake) = &*wake else { return false };
        let woken = {
            let mut state = self.lock();
            state.queue.push_back((call, event));
            std::mem::replace(&mut state.woken, true)
        };
        // The event loop locks the state first of all: not before this thread let go of it.
        if !woken {
            wake.call();
        }
        true
    }

    /// What the event loop serves in this turn: one event, or several records. Between turns JavaScript runs what it
    /// has put off.
    fn take(&self) -> Vec<Letter> {
        let mut state = self.lock();
        let PostState { queue, woken } = &mut *state;
        let is_record = |letter: &Letter| matches!(letter.1, Event::Guest(HostMessage::Record(_)));
        let mut letters: Vec<Letter> = queue.pop_front().into_iter().collect();
        while letters.len() < RECORDS
            && letters.last().is_some_and(is_record)
            && queue.front().is_some_and(is_record)
        {
            letters.extend(queue.pop_front());
        }
        let again = !queue.is_empty();
        *woken = again;
        drop(state);
        if again && let Some(wake) = &*self.wake() {
            wake.call();
        }
        letters
    }

    fn close(&self) -> VecDeque<Letter> {
        *self.wake.write().unwrap_or_else(PoisonError::into_inner) = None;
        std::mem::take(&mut self.lock().queue)
    }
}

/// The event loop of one environment, and the threads that work for it. Lives on the environment's thread.
pub(crate) struct EventLoop {
    env: sys::napi_env,
    wake: sys::napi_threadsafe_function,
    pub(crate) post: Arc<Post>,
    pub(crate) crew: Crew,
    /// Machines with a call under way, which are kept until it is over.
    calls: RefCell<HashMap<u64, Rc<Inner>>>,
    last_call: Cell<u64>,
}

thread_local! {
    /// The environments of this thread that have made asynchronous calls. Each is taken out when it ends; what a process
    /// that exits leaves here is not dropped, as its environment may be half gone.
    static LOOPS: RefCell<ManuallyDrop<Vec<Rc<EventLoop>>>> =
        const { RefCell::new(ManuallyDrop::new(Vec::new())) };
}

impl EventLoop {
    /// The event loop of `env`.
    pub(crate) fn of(env: &Env) -> Result<Rc<Self>> {
        if let Some(found) = Self::find(env.raw()) {
            return Ok(found);
        }
        let created = Rc::new(Self::create(env.raw())?);
        LOOPS.with_borrow_mut(|loops| loops.push(Rc::clone(&created)));
        Ok(created)
    }

    fn find(env: sys::napi_env) -> Option<Rc<Self>> {
        LOOPS.with_borrow(|loops| loops.iter().find(|found| found.env == env).cloned())
    }

    fn create(env: sys::napi_env) -> Result<Self> {
        let (mut name, mut wake) = (ptr::null_mut(), ptr::null_mut());
        let text = c"twinwall";
        // SAFETY: `env` is the environment of the current native call, and the text has that length.
        let named = unsafe { sys::napi_create_string_utf8(env, text.as_ptr(), 8, &mut name) };
        check_status!(named, "cannot name the threadsafe function")?;
        // SAFETY: as above; no function of JavaScript is bound, and no data that would have to be freed.
        let created = unsafe {
            sys::napi_create_threadsafe_function(
                env,
                ptr::null_mut(),
                ptr::null_mut(),
                name,
                0,
                1,
                ptr::null_mut(),
                None,
                ptr::null_mut(),
                Some(on_wake),
                &mut wake,
            )
        };
        check_status!(created, "cannot create the threadsafe function")?;
        // Hooks run last in, first out: this one before the function's own, which ends it.
        // SAFETY: the hook takes nothing but the environment's address.
        let mut status = unsafe { sys::napi_add_env_cleanup_hook(env, Some(on_end), env.cast()) };
        if status == sys::Status::napi_ok {
            // Without calls it keeps no process alive.
            // SAFETY: the function was just created.
            status = unsafe { sys::napi_unref_threadsafe_function(env, wake) };
        } else {
            // SAFETY: as above, and nobody else knows of it.
            unsafe { sys::napi_release_threadsafe_function(wake, sys::ThreadsafeFunctionReleaseMode::abort) };
        }
        check_status!(status, "cannot attach to the environment")?;
        Ok(Self {
            env,
            wake,
            post: Arc::new(Post { wake: RwLock::new(Some(Wake(wake))), state: Mutex::default() }),
            crew: Crew::new(),
            calls: RefCell::default(),
            last_call: Cell::new(0),
        })
    }

    /// Enters a call; until it is over the process stays alive. Returns its number, of which there is one only.
    pub(crate) fn enter(&self, machine: &Rc<Inner>) -> u64 {
        let call = self.last_call.get() + 1;
        self.last_call.set(call);
        let mut calls = self.calls.borrow_mut();
        if calls.is_empty() {
            // SAFETY: the function exists as long as this value is among the thread's environments.
            unsafe { sys::napi_ref_threadsafe_function(self.env, self.wake) };
        }
        calls.insert(call, Rc::clone(machine));
        call
    }

    /// The machine of a call.
    pub(crate) fn machine(&self, call: u64) -> Option<Rc<Inner>> {
        self.calls.borrow().get(&call).cloned()
    }

    /// Forgets a call that is over.
    pub(crate) fn leave(&self, call: u64) {
        let mut calls = self.calls.borrow_mut();
        if calls.remove(&call).is_some() && calls.is_empty() {
            // SAFETY: as in `enter`.
            unsafe { sys::napi_unref_threadsafe_function(self.env, self.wake) };
        }
    }

    /// The environment ends: so do its calls. Their threads find nobody to send to, and give the machines back.
    fn close(&self) {
        let unread = self.post.close();
        for machine in self.calls.take().into_values() {
            machine.abandon();
        }
        drop(unread);
        // SAFETY: the function exists until its own hook has run, and no thread uses it from here on.
        unsafe {
            sys::napi_release_threadsafe_function(self.wake, sys::ThreadsafeFunctionReleaseMode::release);
        }
    }
}

/// A turn of the event loop.
unsafe extern "C" fn on_wake(
    env: sys::napi_env,
    _function: sys::napi_value,
    _context: *mut c_void,
    _data: *mut c_void,
) {
    // Null when JavaScript cannot run any more.
    if env.is_null() {
        return;
    }
    let Some(event_loop) = EventLoop::find(env) else { return };
    for (call, event) in event_loop.post.take() {
        let env = Env::from_raw(env);
        // A panic must not reach Node. It has been printed.
        let _ = catch_unwind(AssertUnwindSafe(|| async_call::serve(&env, &event_loop, call, event)));
    }
}

/// The environment at that address ends.
unsafe extern "C" fn on_end(env: *mut c_void) {
    let env: sys::napi_env = env.cast();
    let ended = LOOPS.with_borrow_mut(|loops| {
        let place = loops.iter().position(|found| found.env == env);
        place.map(|place| loops.swap_remove(place))
    });
    if let Some(event_loop) = ended {
        let _ = catch_unwind(AssertUnwindSafe(|| event_loop.close()));
    }
}
