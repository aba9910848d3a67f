package cli

// bom is the mark that some programs begin UTF-8 text with.
const bom = "\ufeff"
