import { ABI_VERSION, imageHeaderLayout, writeStruct } from "@twinwall/abi";

/**
 * A guest of a few instructions, so that these tests need no image of a higher layer: an ELF file of one executable page,
 * written here. `rbx` is the mailbox, `r8` the output area, `r9` the input, `r11` its length; reports are written in place
 * (packages/abi/schema/mailbox.fbs), `out 0x54` is the gate. Functions begin at 0x100, 128 bytes each.
 */
export const Guest = Object.freeze({
  /** Returns its input. */
  Echo: 0,
  /** Calls host function 7 with its input and returns the answer; fails with the status of an answer that failed. */
  Ask: 1,
  /** Never ends. */
  Loop: 2,
  /** As often as the input says (u64): writes a record to stdout, then calls host function 7, both with the count. */
  Talk: 3,
  /** As often as the input says: writes a record to stderr, as long as the input says (u64 each). */
  Print: 4,
  /** Returns how often it was called since the snapshot (u64). */
  Count: 5,
});

const listing = `
start:
  000  bb00000040              mov ebx,0x40000000
  005  c7830002000001000000    mov [rbx+0x200],0x1
gate:
  00f  e654                    out 0x54,al
next:
  011  488b4308                mov rax,[rbx+0x8]
  015  48898310020000          mov [rbx+0x210],rax
  01c  c7830002000002000000    mov [rbx+0x200],0x2
  026  c7830402000000000000    mov [rbx+0x204],0x0
  030  c7830c02000007000000    mov [rbx+0x20c],0x7
  03a  41b8000000c0            mov r8d,0xc0000000
  040  4c898318020000          mov [rbx+0x218],r8
  047  48c7832002000000000000  mov [rbx+0x220],0x0
  052  48c7832802000000000000  mov [rbx+0x228],0x0
  05d  48c7834002000000000000  mov [rbx+0x240],0x0
  068  41b900000080            mov r9d,0x80000000
  06e  41ba00f01f40            mov r10d,0x401ff000
  074  4c8b5b20                mov r11,[rbx+0x20]
  078  8b4314                  mov eax,[rbx+0x14]
  07b  488d0d7e000000          lea rcx,[table]
  082  c1e007                  shl eax,0x7
  085  4801c1                  add rcx,rax
  088  ffe1                    jmp rcx
resume:
  090  b8ffffffff              mov eax,0xffffffff
  095  baffffffff              mov edx,0xffffffff
  09a  480fae2d5e030000        xrstor64 [initial]
  0a2  fc                      cld
  0a3  b82b000000              mov eax,0x2b
  0a8  8ed8                    mov ds,eax
  0aa  8ec0                    mov es,eax
  0ac  8ee0                    mov fs,eax
  0ae  8ee8                    mov gs,eax
  0b0  e95cffffff              jmp next
echo:
  100  4c89d9                  mov rcx,r11
  103  48898b20020000          mov [rbx+0x220],rcx
  10a  4c89ce                  mov rsi,r9
  10d  4c89c7                  mov rdi,r8
  110  f3a4                    rep movsb
  112  e9f8feffff              jmp gate
ask:
  180  4c89d9                  mov rcx,r11
  183  48898b20020000          mov [rbx+0x220],rcx
  18a  4c89ce                  mov rsi,r9
  18d  4c89c7                  mov rdi,r8
  190  f3a4                    rep movsb
  192  c7830002000003000000    mov [rbx+0x200],0x3
  19c  e654                    out 0x54,al
  19e  c7830002000002000000    mov [rbx+0x200],0x2
  1a8  48c7832002000000000000  mov [rbx+0x220],0x0
  1b3  8b8300010000            mov eax,[rbx+0x100]
  1b9  66898304020000          mov [rbx+0x204],ax
  1c0  85c0                    test eax,eax
  1c2  0f8547feffff            jne gate
  1c8  488bb308010000          mov rsi,[rbx+0x108]
  1cf  488b8b10010000          mov rcx,[rbx+0x110]
  1d6  48898b20020000          mov [rbx+0x220],rcx
  1dd  4c89c7                  mov rdi,r8
  1e0  f3a4                    rep movsb
  1e2  e928feffff              jmp gate
loop:
  200  ebfe                    jmp loop
talk:
  280  4531e4                  xor r12d,r12d
again:
  283  c7830020000001000000    mov [rbx+0x2000],0x1
  28d  48c7830820000008000000  mov [rbx+0x2008],0x8
  298  4c89a310200000          mov [rbx+0x2010],r12
  29f  48c7834002000018000000  mov [rbx+0x240],0x18
  2aa  4d8920                  mov [r8],r12
  2ad  48c7832002000008000000  mov [rbx+0x220],0x8
  2b8  c7830002000003000000    mov [rbx+0x200],0x3
  2c2  e654                    out 0x54,al
  2c4  49ffc4                  inc r12
  2c7  4d3b21                  cmp r12,[r9]
  2ca  72b7                    jb again
  2cc  eb70                    jmp over
print:
  300  4531e4                  xor r12d,r12d
more:
  303  498b4108                mov rax,[r9+0x8]
  307  c7830020000002000000    mov [rbx+0x2000],0x2
  311  48898308200000          mov [rbx+0x2008],rax
  318  4c89a310200000          mov [rbx+0x2010],r12
  31f  4883c010                add rax,0x10
  323  48898340020000          mov [rbx+0x240],rax
  32a  c7830002000005000000    mov [rbx+0x200],0x5
  334  e654                    out 0x54,al
  336  49ffc4                  inc r12
  339  4d3b21                  cmp r12,[r9]
  33c  72c5                    jb more
over:
  33e  c7830002000002000000    mov [rbx+0x200],0x2
  348  48c7832002000000000000  mov [rbx+0x220],0x0
  353  48c7834002000000000000  mov [rbx+0x240],0x0
  35e  e9acfcffff              jmp gate
count:
  380  49ff42c0                inc [r10-0x40]
  384  498b42c0                mov rax,[r10-0x40]
  388  498900                  mov [r8],rax
  38b  48c7832002000008000000  mov [rbx+0x220],0x8
  396  e974fcffff              jmp gate
`;

/** Where the page is mapped. */
const ADDRESS = 0x40_0000;
/** Offset of `resume`, where a restored machine enters. */
const RESUME = 0x90;
/** Offset of the SSE control word in `initial`: an extended state of which everything else is initial. */
const MXCSR = 0x400 + 24;
const PAGE = 4096;

/** The image: an ELF file of three pages; headers, the code, and behind it what describes the image. */
export function guestImage(): Uint8Array {
  const file = new Uint8Array(3 * PAGE);
  const view = new DataView(file.buffer);
  for (const line of listing.split("\n")) {
    const [, offset, hex] = /^ {2}([0-9a-f]{3}) {2}([0-9a-f]+) /.exec(line) ?? [];
    if (offset === undefined || hex === undefined) continue;
    file.set(Buffer.from(hex, "hex"), PAGE + Number.parseInt(offset, 16));
  }
  view.setUint32(PAGE + MXCSR, 0x1f80, true);
  writeElfHeaders(view);
  writeStruct(view, 2 * PAGE, imageHeaderLayout, {
    magic: IMAGE_MAGIC,
    version: ABI_VERSION,
    resume: BigInt(ADDRESS + RESUME),
    stackBytes: BigInt(PAGE),
    heapBytes: 0n,
    inputBytes: BigInt(16 * PAGE),
    outputBytes: BigInt(16 * PAGE),
    outboxBytes: BigInt(2 * PAGE),
  });
  return file;
}

/** `TWIM`, read as a little-endian number. */
const IMAGE_MAGIC = 0x4d49_5754;

/** One executable segment, and the section `.twinwall`. */
function writeElfHeaders(view: DataView): void {
  const file = new Uint8Array(view.buffer);
  const [names, sections] = [2 * PAGE + 0x80, 2 * PAGE + 0x100];
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  // An executable for x86-64, of one segment and three sections, the last of which names them.
  pack(view, 16, "2 2 4 8 8 8 4", [2, 62, 1, ADDRESS, 64, sections, 0]);
  pack(view, 52, "2 2 2 2 2 2", [64, 56, 1, 64, 3, 2]);
  // Loadable, to be read and executed: offset, address twice, size in file and memory, alignment.
  pack(view, 64, "4 4 8 8 8 8 8 8", [1, 5, PAGE, ADDRESS, ADDRESS, PAGE, PAGE, PAGE]);
  // Name, type (data of the program, strings), flags, address, offset, size.
  pack(view, sections + 64, "4 4 8 8 8 8", [1, 1, 0, 0, 2 * PAGE, 56]);
  pack(view, sections + 128, "4 4 8 8 8 8", [11, 3, 0, 0, names, 21]);
  file.set(new TextEncoder().encode("\0.twinwall\0.shstrtab\0"), names);
}

/** Writes numbers of these sizes one after the other. */
function pack(view: DataView, start: number, sizes: string, values: readonly number[]): void {
  let at = start;
  for (const [index, size] of sizes.split(" ").map(Number).entries()) {
    const value = values[index] ?? 0;
    if (size === 2) view.setUint16(at, value, true);
    else if (size === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += size;
  }
}

/** Input of the functions that count. */
export function words(...values: number[]): Uint8Array {
  return new Uint8Array(new BigUint64Array(values.map(BigInt)).buffer);
}
