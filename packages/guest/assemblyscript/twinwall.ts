// AssemblyScript imports a function that is declared only from the module that its file is called after.

export declare function fail(code: i32, pointer: usize, length: usize): void;
