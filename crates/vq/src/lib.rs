//! Vector quantizers under one contract.
