use super::component::{Component, ERROR, OK};
use crate::wasi::Exit;

const GET_ENVIRONMENT: &str = "wasi:cli/environment get-environment";
const GET_ARGUMENTS: &str = "wasi:cli/environment get-arguments";

fn environment(component: &mut Component) -> Vec<(String, String)> {
    let reply = component.call(GET_ENVIRONMENT, |image| image);
    let at = |index| reply.u32_at(0) as usize + 16 * index;
    let pair = |index| (reply.text_at(at(index)).into(), reply.text_at(at(index) + 8).into());
    (0..reply.u32_at(4) as usize).map(pair).collect()
}

fn arguments(component: &mut Component) -> Vec<String> {
    let reply = component.call(GET_ARGUMENTS, |image| image);
    let at = |index| reply.u32_at(0) as usize + 8 * index;
    (0..reply.u32_at(4) as usize).map(|index| reply.text_at(at(index)).into()).collect()
}

#[test]
fn a_run_has_its_own_arguments_and_environment() {
    let mut component = Component::new();
    assert_eq!((environment(&mut component), arguments(&mut component)), (vec![], vec![]));
    component.reset(&["tool", "", "größe"], &["A=1", "B=x=y", "C=", "D"], b"");
    let pairs = [("A", "1"), ("B", "x=y"), ("C", ""), ("D", "")];
    assert_eq!(environment(&mut component), pairs.map(|(name, value)| (name.into(), value.into())));
    assert_eq!(arguments(&mut component), ["tool", "", "größe"]);
    component.reset(&[], &[], b"");
    assert_eq!((environment(&mut component), arguments(&mut component)), (vec![], vec![]));
}

#[test]
fn there_is_no_working_directory_and_no_terminal() {
    let mut component = Component::new();
    assert_eq!(component.call("wasi:cli/environment initial-cwd", |image| image).u8_at(0), 0);
    for stream in ["stdin", "stdout", "stderr"] {
        let name = format!("wasi:cli/terminal-{stream} get-terminal-{stream}");
        assert_eq!(component.call(&name, |image| image).u8_at(0), 0);
    }
}

#[test]
fn a_program_ends_itself_with_a_status() {
    let mut component = Component::new();
    for (name, argument, status) in
        [("exit", OK, 0), ("exit", ERROR, 1), ("exit-with-code", 0, 0), ("exit-with-code", 200, 200)]
    {
        let outcome = component.try_call(&format!("wasi:cli/exit {name}"), |image| image.u8(0, argument));
        let error = outcome.err().expect("it unwinds");
        assert_eq!(error.downcast_ref::<Exit>(), Some(&Exit(status)), "{name} {argument}");
    }
}
