//! Counts the allocations of the thread that asks.
//!
//! By thread, so that the server's, on a thread of its own, are left out.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static COUNT: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
}

/// The system's allocator, counting.
pub struct Counting;

fn count(bytes: usize) {
    // Fails only while the thread ends.
    let _ = COUNT.try_with(|count| {
        let (calls, total) = count.get();
        count.set((calls + 1, total + bytes as u64));
    });
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Allocations of this thread so far (a growth counts as one), and their bytes.
pub fn so_far() -> (u64, u64) {
    COUNT.get()
}
