package sqlite

// setLock changes a lock of an open file description: F_OFD_SETLK of
// <sys/fcntl.h>.
const setLock = 90
