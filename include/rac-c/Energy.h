/*===- rac-c/Energy.h - Energy meters ---------------------------------------===
 *
 * Reads the machine's energy meters over a window of time. It is a library of
 * its own, librac_energy.so, or librac_energy.a with C++'s library; compiled
 * models do not need it. docs/Energy.md says what each meter measures.
 *
 *   RacEnergy *energy;
 *   if (rac_energy_open(NULL, &energy) != RAC_OK)
 *     return puts(rac_energy_last_error()), 1;
 *   rac_energy_start(energy);
 *   work();
 *   rac_energy_stop(energy);
 *   for (int32_t i = 0; i < rac_energy_num_domains(energy); ++i) {
 *     RacEnergyReading reading;
 *     rac_energy_reading(energy, i, &reading);
 *     printf("%s: %g J in %g s\n", reading.domain, reading.joules,
 *            reading.seconds);
 *   }
 *   rac_energy_close(energy);
 *
 * Meters count what the whole domain takes, other programs included.
 *
 * No two domains contain each other. Those of the kinds processor, memory and
 * board add up to what the host takes, as far as its meters reach; those of the
 * kind accelerator to what the accelerators take.
 *
 * Nothing is guessed. What cannot be read is an attempt with a reason, or, once
 * it was opened, a reading whose `error` says when and why it failed.
 *
 * Units: s and J. No call prints or throws. A RacEnergy is used by one thread
 * at a time; it has a thread of its own between start and stop, which reads
 * counters before they can wrap twice, and power often enough to integrate it.
 */
#ifndef RAC_C_ENERGY_H
#define RAC_C_ENERGY_H

#include "rac-c/Model.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define RAC_ENERGY_API __attribute__((visibility("default")))
#else
#define RAC_ENERGY_API
#endif

typedef enum {
  /* The meter counts energy. */
  RAC_ENERGY_COUNTER = 0,
  /* The meter tells power; samples of it were integrated over time. */
  RAC_ENERGY_INTEGRATED_POWER = 1,
  /* Predicted by a cost model. Meters never give this, nor the next. */
  RAC_ENERGY_MODELLED = 2,
  /* The device's TDP times the time: an upper bound. */
  RAC_ENERGY_TDP = 3
} RacEnergyOrigin;

typedef enum {
  RAC_ENERGY_PROCESSOR = 0, /* a package: cores, caches, memory controllers */
  RAC_ENERGY_MEMORY = 1,    /* DRAM */
  RAC_ENERGY_BOARD = 2, /* a socket, module or machine: processor and more */
  RAC_ENERGY_ACCELERATOR = 3 /* a GPU's board */
} RacEnergyKind;

typedef struct RacEnergy RacEnergy;

/* Set `size` to sizeof(RacEnergyOptions); all else zero is the default. */
typedef struct {
  uint32_t size;
  /* Where sysfs is; NULL: "/sys". Any other folder counts as a simulated tree:
   * perf events, which come from the kernel itself, are then not tried. */
  const char *sysfs;
  /* NVIDIA's management library, as dlopen takes it. NULL:
   * "libnvidia-ml.so.1"; "": not tried. */
  const char *nvml;
} RacEnergyOptions;

/* What was measured between start and stop. Strings are valid until the next
 * start or close. */
typedef struct {
  const char *domain; /* "package-0", "package-0/dram", "gpu-0" … */
  const char *meter;  /* "powercap", "perf", "amd_energy", "power_meter",
                         "ina3221" or "nvml" */
  const char *source; /* the file or function that was read */
  int32_t kind;       /* RacEnergyKind */
  int32_t origin;     /* RacEnergyOrigin */
  double joules;      /* NaN where `error` is set */
  double seconds;     /* the window: from the first to the last reading */
  /* The smallest difference that the meter can tell. */
  double resolution_joules;
  /* How often the meter's value changes, at least about. */
  double update_seconds;
  /* A window is uncertain by an update at either end; from this on, 50 updates,
   * that is at most 4%. */
  double shortest_window_seconds;
  int32_t too_short; /* seconds < shortest_window_seconds */
  int64_t samples;   /* readings of the meter, the first included */
  const char *error; /* NULL, or why there is no number */
} RacEnergyReading;

/* A meter that was looked for. Strings are valid until close. */
typedef struct {
  const char *meter;
  int32_t used;        /* it gives readings */
  const char *message; /* what it reads, or why it does not */
} RacEnergyAttempt;

/* Looks for meters. RAC_OK also where there are none: then there are no
 * domains, and the attempts say why. `options` may be NULL. */
RAC_ENERGY_API int rac_energy_open(const RacEnergyOptions *options,
                                   RacEnergy **energy);
/* NULL is allowed. */
RAC_ENERGY_API void rac_energy_close(RacEnergy *energy);

RAC_ENERGY_API int32_t rac_energy_num_attempts(const RacEnergy *energy);
RAC_ENERGY_API int rac_energy_attempt(const RacEnergy *energy, int32_t index,
                                      RacEnergyAttempt *attempt);

/* Begins a window; a window that is open begins anew. */
RAC_ENERGY_API int rac_energy_start(RacEnergy *energy);
/* Ends it. RAC_INVALID_ARGUMENT: none was begun. RAC_FAILED: a domain failed;
 * its reading says why. The readings of the others are good. */
RAC_ENERGY_API int rac_energy_stop(RacEnergy *energy);

RAC_ENERGY_API int32_t rac_energy_num_domains(const RacEnergy *energy);
/* Before the first stop, joules and seconds are 0. */
RAC_ENERGY_API int rac_energy_reading(const RacEnergy *energy, int32_t index,
                                      RacEnergyReading *reading);

/* "counter", "integrated-power", "modelled", "tdp"; NULL if it is none. */
RAC_ENERGY_API const char *rac_energy_origin_name(int32_t origin);
/* "processor", "memory", "board", "accelerator"; NULL if it is none. */
RAC_ENERGY_API const char *rac_energy_kind_name(int32_t kind);

/* Why the calling thread's last failed call failed. */
RAC_ENERGY_API const char *rac_energy_last_error(void);

#ifdef __cplusplus
}
#endif

#endif /* RAC_C_ENERGY_H */
