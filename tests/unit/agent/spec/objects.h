/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects to test with, as JSON text around what a case is about.
 */
#ifndef TESTS_UNIT_AGENT_SPEC_OBJECTS_H
#define TESTS_UNIT_AGENT_SPEC_OBJECTS_H

#define POD(spec)                                                                                  \
	"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\",\"namespace\":"      \
	"\"default\"},\"spec\":{" spec "}}"
#define ONE(more) POD("\"containers\":[{\"name\":\"c\",\"image\":\"i:1\"" more "}]")
#define WITH(more) POD("\"containers\":[{\"name\":\"c\",\"image\":\"i:1\"}]," more)
#define META(meta)                                                                                 \
	"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{" meta "},\"spec\":{"               \
	"\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}"
#define SECRET(more)                                                                               \
	"{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"s\",\"namespace\":"   \
	"\"default\"}," more "}"
#define RC(more)                                                                                   \
	"{\"apiVersion\":\"v1\",\"kind\":\"ReplicationController\",\"metadata\":{\"name\":\"r\","  \
	"\"namespace\":\"default\"},\"spec\":{" more "}}"

#endif
