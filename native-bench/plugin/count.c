/* A plugin for qemu's user mode that counts the instructions which the guest executes between two markers, and logs one count
 * a line whenever the second marker is met (qemu-ARCH -plugin libcount.so -d plugin -D counts.log PROGRAM).
 *
 * The markers are instructions that do nothing, see src/region.rs. Counting goes by whole blocks of translated code, which is
 * fast; since a marker knows its place in its block, the count is exact all the same. One guest thread is assumed.
 *
 * The parts of the plugin API (version 1) that are needed are declared here, since distributions don't ship its header. */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
typedef struct {
  const char *target_name;
  struct {
    int min, cur;
  } version;
  bool system_emulation;
  struct {
    int smp_vcpus, max_vcpus;
  } system;
} qemu_info_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { INLINE_ADD_U64 = 0, CB_NO_REGS = 0 };
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, struct qemu_plugin_tb *));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, int, void *, uint64_t);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *, void (*)(unsigned, void *), int, void *);
void qemu_plugin_outs(const char *);

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = 1;

/* The bytes of both markers on each architecture. */
struct markers {
  const char *target;
  size_t size;
  unsigned char begin[8], end[8];
};
static const struct markers all_markers[] = {
    {"aarch64", 4, {0x1f, 0x2e, 0x03, 0xd5}, {0x3f, 0x2e, 0x03, 0xd5}},                      /* hint #112, #113 */
    {"arm", 4, {0x70, 0xf0, 0x20, 0xe3}, {0x71, 0xf0, 0x20, 0xe3}},                          /* hint #112, #113 */
    {"x86_64", 7, {0x0f, 0x1f, 0x80, 0x70, 0, 0, 0x70}, {0x0f, 0x1f, 0x80, 0x71, 0, 0, 0x70}}, /* nop [rax + …] */
};
static const struct markers *markers;

/* All instructions of the blocks that were entered so far. */
static uint64_t entered;
/* Those that were executed up to the marker where the region began, itself included. */
static uint64_t begun;

/* `after`: how many instructions the marker's block has after it; counted already, but not executed yet. */
static void on_begin(unsigned vcpu, void *after) {
  (void)vcpu;
  begun = entered - (uintptr_t)after;
}

static void on_end(unsigned vcpu, void *after) {
  (void)vcpu;
  char line[24];
  snprintf(line, sizeof line, "%" PRIu64 "\n", entered - (uintptr_t)after - 1 - begun);
  qemu_plugin_outs(line);
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *block) {
  (void)id;
  size_t count = qemu_plugin_tb_n_insns(block);
  qemu_plugin_register_vcpu_tb_exec_inline(block, INLINE_ADD_U64, &entered, count);
  for (size_t at = 0; at < count; at++) {
    struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, at);
    if (qemu_plugin_insn_size(instruction) != markers->size) continue;
    const void *bytes = qemu_plugin_insn_data(instruction);
    void *after = (void *)(uintptr_t)(count - at - 1);
    if (memcmp(bytes, markers->begin, markers->size) == 0)
      qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_begin, CB_NO_REGS, after);
    else if (memcmp(bytes, markers->end, markers->size) == 0)
      qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_end, CB_NO_REGS, after);
  }
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv) {
  (void)argc, (void)argv;
  for (size_t at = 0; at < sizeof all_markers / sizeof *all_markers; at++)
    if (strcmp(info->target_name, all_markers[at].target) == 0) markers = &all_markers[at];
  if (markers == NULL) {
    fprintf(stderr, "count: no markers are known for %s\n", info->target_name);
    return 1;
  }
  qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
  return 0;
}
