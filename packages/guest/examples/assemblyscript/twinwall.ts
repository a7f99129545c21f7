// Functions of the host. AssemblyScript imports a function that is declared only from the module that its file is called after.

export declare function lookup(pointer: usize, length: usize): u64;
