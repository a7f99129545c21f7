//! Resources whose handles the host holds.

use alloc::vec::Vec;

use wasmtime::component::{ResourceAny, ResourceType};

/// Most handles at a time. Each is some thirty bytes of the guest's heap, and of wasmtime's table behind it.
const MOST_HANDLES: usize = 1 << 16;

/// The guest's own resources that the host has handles to, by number, and the types of the host's own ones.
#[derive(Default)]
pub(crate) struct Handles {
    /// A free place names the next free one.
    places: Vec<Place>,
    first_free: Option<u32>,
    /// Types of resources that the host has the representation of. What stands for them in images is that number itself.
    host_types: Vec<ResourceType>,
}

enum Place {
    Taken(ResourceAny),
    Free(Option<u32>),
}

impl Handles {
    /// Makes known a type of which the host has the representation; returns wasmtime's number for it.
    pub(super) fn add_host_type(&mut self) -> u32 {
        let kind = self.host_types.len() as u32;
        self.host_types.push(ResourceType::host_dynamic(kind));
        kind
    }

    /// The number of a type of the host's; `None` for a type of the guest's.
    pub(super) fn host_kind(&self, ty: ResourceType) -> Option<u32> {
        let position = self.host_types.iter().position(|known| *known == ty)?;
        u32::try_from(position).ok()
    }

    /// Keeps a resource; returns its handle, or `None` when there are too many.
    pub(super) fn insert(&mut self, resource: ResourceAny) -> Option<u32> {
        if let Some(free) = self.first_free {
            let place = self.places.get_mut(free as usize)?;
            let Place::Free(next) = *place else { return None };
            self.first_free = next;
            *place = Place::Taken(resource);
            return Some(free);
        }
        if self.places.len() == MOST_HANDLES {
            return None;
        }
        self.places.push(Place::Taken(resource));
        u32::try_from(self.places.len() - 1).ok()
    }

    pub(super) fn get(&self, handle: u32) -> Option<ResourceAny> {
        match self.places.get(handle as usize) {
            Some(Place::Taken(resource)) => Some(*resource),
            _ => None,
        }
    }

    /// Gives a resource up; its handle may come again.
    pub(super) fn take(&mut self, handle: u32) -> Option<ResourceAny> {
        let resource = self.get(handle)?;
        *self.places.get_mut(handle as usize)? = Place::Free(self.first_free);
        self.first_free = Some(handle);
        Some(resource)
    }
}
