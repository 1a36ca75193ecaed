//! End to end: the real binary against the real mock, over sockets.
