package config

// Version is the version of the programs, as --version, Ping and Status tell it.
const Version = "0.1.0"
