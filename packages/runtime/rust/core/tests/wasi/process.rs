use crate::harness::{BUFFER, END, EPOCH, Program, RESULT};
use crate::numbers::{BADF, FAULT, INVAL, NOSYS, NOTSOCK, SUCCESS};
use crate::wasi::Exit;

#[test]
fn exit_unwinds_with_the_status() {
    let mut program = Program::new();
    for (given, status) in [(0, 0), (7, 7), (256, 256), (u64::from(u32::MAX), -1)] {
        let error = program.try_call("proc_exit", &[given]).expect_err("it does not return");
        assert_eq!(error.downcast_ref::<Exit>(), Some(&Exit(status)));
    }
}

#[test]
fn there_are_no_signals_and_no_other_threads() {
    let mut program = Program::new();
    assert_eq!(program.call("proc_raise", &[6]), NOSYS);
    assert_eq!(program.call("sched_yield", &[]), SUCCESS);
}

#[test]
fn there_are_no_sockets() {
    let mut program = Program::new();
    for (fd, errno) in [(0, NOTSOCK), (3, NOTSOCK), (8, BADF)] {
        assert_eq!(program.call("sock_accept", &[fd, 0, RESULT]), errno);
        assert_eq!(program.call("sock_recv", &[fd, BUFFER, 1, 0, RESULT, RESULT]), errno);
        assert_eq!(program.call("sock_send", &[fd, BUFFER, 1, 0, RESULT]), errno);
        assert_eq!(program.call("sock_shutdown", &[fd, 3]), errno);
    }
}

#[test]
fn clocks_show_the_hosts_time() {
    let mut program = Program::new();
    let mut time = |id| {
        assert_eq!(program.call("clock_time_get", &[id, 0, RESULT]), SUCCESS);
        program.u64_at(RESULT)
    };
    assert!((EPOCH..EPOCH + 1000).contains(&time(0)));
    let running = [time(1), time(2), time(3)];
    assert!(running.is_sorted() && running[2] < 1000, "{running:?}");
    for id in 0..4 {
        assert_eq!(program.call("clock_res_get", &[id, RESULT]), SUCCESS);
        assert_eq!(program.u64_at(RESULT), 1);
    }
    assert_eq!(program.call("clock_res_get", &[4, RESULT]), INVAL);
    assert_eq!(program.call("clock_time_get", &[4, 0, RESULT]), INVAL);
    assert_eq!(program.call("clock_time_get", &[1, 0, END - 7]), FAULT);
}

#[test]
fn random_bytes_fill_exactly_the_buffer() {
    let mut program = Program::new();
    assert_eq!(program.call("random_get", &[BUFFER, 5]), SUCCESS);
    assert_eq!(program.read(BUFFER, 6), [1, 1, 1, 1, 1, 0]);
    assert_eq!(program.call("random_get", &[BUFFER, 2]), SUCCESS);
    assert_eq!(program.read(BUFFER, 3), [2, 2, 1]);
    assert_eq!(program.call("random_get", &[END - 1, 2]), FAULT);
    assert_eq!(program.call("random_get", &[u64::from(u32::MAX), 0]), SUCCESS);
}
