//! IRC on the wire (a stand-in until the real one is merged).
pub mod framing;
