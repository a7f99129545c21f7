//! Links the image as all images are linked.

include!("../image-support/link.rs");
