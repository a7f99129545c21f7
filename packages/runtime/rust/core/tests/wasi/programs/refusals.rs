//! Prints what a WASI command is refused, and why.

use std::fmt::Debug;
use std::fs::{self, File};
use std::io::{self, Read};
use std::net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket};

fn show<T: Debug>(name: &str, outcome: io::Result<T>) {
    println!("{name} {:?}", outcome.map_err(|error| error.kind()));
}

fn main() {
    show("remove a full directory", fs::remove_dir("data/deep"));
    show("remove a file as directory", fs::remove_dir("hello.txt"));
    show("remove a directory as file", fs::remove_file("data"));
    show("remove nothing", fs::remove_file("none"));
    show("link", fs::hard_link("hello.txt", "new"));
    show("link onto a file", fs::hard_link("hello.txt", "data/empty"));
    show("rename into nothing", fs::rename("hello.txt", "none/new"));
    show("list a file", fs::read_dir("hello.txt").map(drop));
    show("read a directory", File::open("data").and_then(|mut it| it.read(&mut [0; 10])));
    show("follow a link", fs::read_link("hello.txt"));
    show("leave", fs::read("../hello.txt"));
    show("long name", fs::read("x".repeat(300)));
    show("long path", fs::read("x/".repeat(3000)));
    show("name with NUL", fs::read("a\0b"));
    show("connect", TcpStream::connect("127.0.0.1:80").map(drop));
    show("listen", TcpListener::bind("127.0.0.1:80").map(drop));
    show("datagrams", UdpSocket::bind("127.0.0.1:80").map(drop));
    show("look up", "localhost:80".to_socket_addrs().map(Iterator::count));
}
