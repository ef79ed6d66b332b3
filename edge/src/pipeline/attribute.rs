//! Where the visitors of each page came from. Before redaction, which may take words out of an address.

use wire::Page;

use crate::attribution;

pub(super) fn pages(mut pages: Vec<Page>) -> Vec<Page> {
    pages.iter_mut().for_each(attribution::complete);
    pages
}
