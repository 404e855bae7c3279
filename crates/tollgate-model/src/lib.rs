//! Nothing but tests: the token table of the library, compiled against the atomics and locks of a scheduler that tries
//! many orders of their operations.
