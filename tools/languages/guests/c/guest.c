// The world `guest` in C.
//
// What a function gets is its own: it frees that, or gives it on. What it returns is freed by the binding.
#include <stdlib.h>

#include "generated/guest.h"

struct exports_twinwall_shapes_shapes_counter_t {
  uint32_t value;
};

uint32_t exports_twinwall_shapes_shapes_add(uint32_t a, uint32_t b) { return a + b; }

void exports_twinwall_shapes_shapes_echo(exports_twinwall_shapes_shapes_list_item_t *items,
                                         exports_twinwall_shapes_shapes_list_item_t *ret) {
  *ret = *items;
}

double exports_twinwall_shapes_shapes_sum(guest_list_f64_t *numbers) {
  double sum = 0;
  for (size_t index = 0; index < numbers->len; index++) sum += numbers->ptr[index];
  guest_list_f64_free(numbers);
  return sum;
}

void exports_twinwall_shapes_shapes_pair(guest_tuple2_s64_string_t *value, guest_tuple2_string_s64_t *ret) {
  ret->f0 = value->f1;
  ret->f1 = value->f0;
}

bool exports_twinwall_shapes_shapes_nested(guest_option_u32_t *maybe_value, guest_option_u32_t *ret) {
  if (maybe_value == NULL) return false;
  *ret = *maybe_value;
  return true;
}

bool exports_twinwall_shapes_shapes_divide(int32_t a, int32_t b, int32_t *ret, guest_string_t *err) {
  if (b == 0) {
    guest_string_dup(err, "division by zero");
    return false;
  }
  // The one quotient that does not fit.
  *ret = b == -1 ? (int32_t)(0u - (uint32_t)a) : a / b;
  return true;
}

bool exports_twinwall_shapes_shapes_find(guest_string_t *key, uint32_t *ret, guest_string_t *err) {
  const bool found = twinwall_shapes_host_lookup(key, ret, err);
  guest_string_free(key);
  return found;
}

void exports_twinwall_shapes_shapes_say(guest_string_t *message) {
  twinwall_shapes_host_log(message);
  guest_string_free(message);
}

exports_twinwall_shapes_shapes_own_counter_t exports_twinwall_shapes_shapes_constructor_counter(uint32_t start) {
  exports_twinwall_shapes_shapes_counter_t *counter = malloc(sizeof *counter);
  if (counter == NULL) abort();
  counter->value = start;
  return exports_twinwall_shapes_shapes_counter_new(counter);
}

uint32_t exports_twinwall_shapes_shapes_method_counter_add(exports_twinwall_shapes_shapes_borrow_counter_t self,
                                                           uint32_t amount) {
  return self->value += amount;
}

void exports_twinwall_shapes_shapes_counter_destructor(exports_twinwall_shapes_shapes_counter_t *rep) { free(rep); }
