// SPDX-License-Identifier: GPL-2.0-or-later

// A tracing tool in Go, on cilium/ebpf, linked statically: no C library that somebody could preload.
//
// It counts calls of getppid() in three ways, and tasks that change their name, says "attached", and at SIGINT prints the
// counts. (Debian 12's cilium/ebpf does not understand the type information of 6.1 and later, which fentry needs.)
package main

import (
	"fmt"
	"os"
	"os/signal"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/rlimit"
)

const function = "__x64_sys_getppid"

type probe struct {
	name   string
	spec   ebpf.ProgramSpec
	attach func(*ebpf.Program) (link.Link, error)
}

var probes = []probe{
	{"kprobe", ebpf.ProgramSpec{Type: ebpf.Kprobe}, func(program *ebpf.Program) (link.Link, error) {
		return link.Kprobe(function, program, nil)
	}},
	{"kretprobe", ebpf.ProgramSpec{Type: ebpf.Kprobe}, func(program *ebpf.Program) (link.Link, error) {
		return link.Kretprobe(function, program, nil)
	}},
	{"tracepoint", ebpf.ProgramSpec{Type: ebpf.TracePoint}, func(program *ebpf.Program) (link.Link, error) {
		return link.Tracepoint("syscalls", "sys_enter_getppid", program, nil)
	}},
	{"raw_tracepoint", ebpf.ProgramSpec{Type: ebpf.RawTracepoint}, func(program *ebpf.Program) (link.Link, error) {
		return link.AttachRawTracepoint(link.RawTracepointOptions{Name: "task_rename", Program: program})
	}},
}

// What is not referred to is collected, and closed.
var links []link.Link

// A program that counts in the map's only element.
func counting(counts *ebpf.Map) asm.Instructions {
	return asm.Instructions{
		asm.StoreImm(asm.RFP, -4, 0, asm.Word),
		asm.LoadMapPtr(asm.R1, counts.FD()),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, -4),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, "end"),
		asm.Mov.Imm(asm.R1, 1),
		asm.StoreXAdd(asm.R0, asm.R1, asm.DWord),
		asm.Mov.Imm(asm.R0, 0).WithSymbol("end"),
		asm.Return(),
	}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "exec_go:", err)
		os.Exit(1)
	}
}

func start(probe probe) *ebpf.Map {
	counts, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1})
	must(err)
	probe.spec.License = "GPL"
	probe.spec.Instructions = counting(counts)
	program, err := ebpf.NewProgram(&probe.spec)
	must(err)
	attached, err := probe.attach(program)
	if err != nil {
		must(fmt.Errorf("%s: %w", probe.name, err))
	}
	links = append(links, attached)
	return counts
}

func main() {
	interrupted := make(chan os.Signal, 1)
	counts := make([]*ebpf.Map, len(probes))

	must(rlimit.RemoveMemlock())
	signal.Notify(interrupted, os.Interrupt)
	for i, probe := range probes {
		counts[i] = start(probe)
	}
	fmt.Println("attached")
	<-interrupted
	for i, probe := range probes {
		var count uint64
		must(counts[i].Lookup(uint32(0), &count))
		fmt.Println(probe.name, count)
	}
}
