// AssemblyScript imports a function that is declared only from the module that its file is called after.

export declare function fd_write(descriptor: u32, pieces: usize, count: usize, written: usize): u16;

export declare function random_get(pointer: usize, length: usize): u16;
